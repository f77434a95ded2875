// Everything that can be done at the desk, once: keys, command bar and help sheet all show this list.
// Owns names, keys and whether an action is possible now. What a button on the page does, its action does by pressing it.

import { t } from "../words.js";
import { change, mine, remove } from "./menu.js";
import * as prompts from "./prompts.js";

const shown = (name) => [...document.querySelectorAll(`#subject [data-act="${name}"]`)].findLast((button) => !button.disabled && button.checkVisibility());

export function actions(desk) {
  const go = (name, keys) => ({ name: `go_${name}`, group: "go", keys: [keys], run: () => desk.lists.choose(name, { focus: true }) });
  const press = (name, keys) => ({ name, group: "dialog", keys: [keys], label: () => shown(name)?.textContent || t(name), when: () => shown(name), run: () => shown(name).click() });
  const dialog = (name, keys, run, when = () => true) => ({ name, group: "dialog", keys: keys ? [keys] : [], when: () => desk.works && desk.subject?.composer && when(desk.subject), run: () => run(desk.subject) });
  const write = (name, keys) => ({ name, group: "dialog", keys: [keys], when: () => desk.works && desk.subject?.place?.(name), run: () => desk.subject.place(name)() });
  const composing = ({ composer }) => !composer.root.hidden;
  const held = ({ messages }) => [...messages.values()].findLast((message) => message.mark === "held");
  return [
    go("queue", "g q"),
    go("mine", "g m"),
    go("all", "g a"),
    go("tickets", "g t"),
    go("wishes", "g w"),
    { name: "search", group: "go", keys: ["/"], run: () => desk.lists.choose("search", { focus: true }) },
    { name: "next_row", group: "go", keys: ["j"], quiet: true, run: () => desk.lists.step(1) },
    { name: "previous_row", group: "go", keys: ["k"], quiet: true, run: () => desk.lists.step(-1) },
    { name: "take_next", group: "go", keys: ["a"], when: () => desk.works, run: () => desk.next() },
    { name: "board", group: "go", keys: ["g b"], run: () => location.assign("/board") },
    press("claim", "c"),
    write("reply", "r"),
    write("note", "n"),
    press("resolve", "e"),
    press("reopen", "o"),
    press("pass", "p"),
    press("snooze", "s"),
    press("release", "u"),
    dialog("undo", "z", (view) => view.undo(held(view), false), held),
    dialog("keep_note", "", (view) => view.undo(held(view), true), held),
    { name: "older_message", group: "dialog", keys: ["ArrowUp"], quiet: true, when: () => desk.subject?.walk, run: () => desk.subject.walk(-1) },
    { name: "newer_message", group: "dialog", keys: ["ArrowDown"], quiet: true, when: () => desk.subject?.walk, run: () => desk.subject.walk(1) },
    dialog("select", "x", (view) => view.select()),
    dialog("answer_message", "q", (view) => view.answer(view.at()), (view) => composing(view) && view.at()),
    dialog("edit_message", "", (view) => change(view, view.at()), (view) => view.at() && mine(view.at(), desk)),
    dialog("delete_message", "", (view) => remove(view, view.at()), (view) => view.at() && mine(view.at(), desk)),
    dialog("ticket_from_chosen", "t", (view) => prompts.ticket(view, view.pick()), (view) => view.pick().length),
    dialog("file_wish", "w", (view) => prompts.wish(view, view.pick()[0]), (view) => view.pick().length === 1),
    dialog("introduce", "", (view) => prompts.introduce(view), (view) => view.dialog),
    dialog("macros", "m", () => desk.commands.open("macros"), composing),
    ...prompts.priorities().map(([priority, label]) => ({
      ...dialog(`priority_${priority}`, "", ({ id }) => desk.act("dialog", id, "prioritise", { priority }), ({ dialog }) => dialog && dialog.status !== "resolved" && dialog.priority !== priority),
      label: () => `${t("priority")}: ${label}`,
    })),
    { name: "details", group: "dialog", keys: ["i"], when: () => desk.subject, run: () => document.querySelector("main").toggleAttribute("data-side") },
    { name: "go_on_duty", group: "desk", keys: [], when: () => desk.duty && !desk.duty.on, run: () => desk.duty.set(true) },
    { name: "go_off_duty", group: "desk", keys: [], when: () => desk.duty?.on, run: () => desk.duty.set(false) },
    { name: "alerts_on", group: "desk", keys: [], when: () => !desk.alerts.on, run: () => desk.alerts.set(true) },
    { name: "alerts_off", group: "desk", keys: [], when: () => desk.alerts.on, run: () => desk.alerts.set(false) },
    { name: "command_bar", group: "desk", keys: ["mod+k"], quiet: true, run: () => desk.commands.open() },
    { name: "help", group: "desk", keys: ["?"], run: () => desk.commands.help() },
    { name: "leave", group: "desk", keys: ["Escape"], quiet: true, run: () => desk.leave() },
    { name: "sign_out", group: "desk", keys: [], run: () => document.querySelector('form[action="/logout"]').requestSubmit() },
  ];
}

// Words and possibility of an action, whoever shows it.
export const label = (action) => action.label?.() ?? t(`do_${action.name}`);
export const possible = (action) => Boolean(action.when ? action.when() : true);

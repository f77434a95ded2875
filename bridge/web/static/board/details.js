// One wish in full beside the columns, and the questions that are asked before something is done to it.

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { ask, button } from "../forms.js";
import { serial } from "../live.js";
import { local, moment, now } from "../time.js";
import { inLanguage, t } from "../words.js";
import { announcement, asked, may, question, story, told } from "../wishes.js";
import * as prompts from "../desk/prompts.js";

const WEEK = 7 * 86_400_000;

export class Details {
  wish = null;

  constructor(board, root, id) {
    Object.assign(this, { board, root, id });
    this.read = serial(() => this.#read());
  }

  async #read() {
    const wish = await get(`wishes/${this.id}`);
    if (this.board.details !== this) return; // another was opened meanwhile
    this.wish = wish;
    this.draw();
  }

  draw() {
    const look = JSON.stringify(this.wish);
    if (look === this.look) return;
    this.look = look;
    const { wish, board } = this;
    const act = (action, fields) => board.act("wish", wish.id, action, fields);
    const focused = this.root.contains(document.activeElement) && document.activeElement.dataset.act;
    const task = wish.kind === "task";
    const buttons = this.#buttons().filter(Boolean);
    const facts = [
      ["priority", wish.priority !== "normal" && t(`priority_${wish.priority}`)],
      ["has_it_now", wish.assignee?.name],
      ["deadline", wish.deadline && moment(wish.deadline)],
      ["filed_by", wish.created_by],
    ].filter(([, value]) => value);
    fill(
      this.root,
      h(
        "header",
        {},
        h("div", { class: "title" }, h("h1", { dir: "auto" }, h("span", { class: "quiet" }, `#${wish.number}`), " ", wish.title), h("p", { class: "foot" }, h("span", { class: `status ${wish.status}` }, task && wish.status === "told" ? t("task_done") : t(`wish_${wish.status}`)), task ? h("span", {}, t("task")) : h("span", {}, t("asked_by", { n: wish.asked })))),
        h("button", { type: "button", class: "quiet", "aria-label": t("close"), data: { act: "close" }, onclick: () => board.close() }, "✕"),
      ),
      buttons.length > 0 && h("div", { class: "buttons" }, buttons),
      question(wish, board.me, act),
      told(wish, act),
      h("dl", {}, facts.map(([name, value]) => [h("dt", {}, t(name)), h("dd", {}, value)])),
      wish.text && h("p", { class: "words", dir: "auto" }, wish.text),
      wish.asked > 0 && h("section", {}, h("h2", {}, t("who_asked")), asked(wish)),
      h("section", {}, h("h2", {}, t("wish_story")), story(wish)),
    );
    if (focused) this.root.querySelector(`[data-act="${focused}"]`)?.focus();
  }

  #buttons() {
    const can = may(this.wish, this.board.me);
    const { id } = this.wish;
    return [
      can.pick && button(t("pick_up"), () => this.pick(), { kind: "primary", name: "pick" }),
      can.ship && button(t("ship"), () => this.ship(), { kind: "primary", name: "ship" }),
      can.move && button(t("move_deadline"), () => this.pick(), { name: "move" }),
      can.over && button(t("take_wish_over"), () => this.pick(true), { name: "over" }),
      can.accept && button(t("accept"), () => this.board.act("wish", id, "accept"), { name: "accept" }),
      can.ask && button(t("question_back"), () => this.askBack(), { name: "ask" }),
      can.decline && button(t("decline"), () => this.decline(), { name: "decline" }),
      can.reopen && button(t("reopen"), () => this.board.act("wish", id, "reopen"), { name: "reopen" }),
    ];
  }

  // Does what a key asks for, if a button would.
  press(name) {
    const can = may(this.wish, this.board.me);
    if (name === "pick" && (can.pick || can.move)) this.pick();
    else if (name !== "pick" && can[name]) ({ ask: () => this.askBack(), ship: () => this.ship(), decline: () => this.decline() })[name]();
  }

  pick(force = false) {
    const { wish, board } = this;
    const priority = { name: "priority", label: t("priority"), type: "select", value: wish.priority, options: prompts.priorities() };
    const evening = new Date(now() + 2 * WEEK);
    evening.setHours(18, 0, 0, 0);
    const deadline = { name: "deadline", label: t("deadline"), type: "datetime-local", value: local(wish.deadline ?? evening), required: true };
    const title = t(force ? "take_wish_over" : wish.status === "scheduled" ? "move_deadline" : "pick_up");
    ask({ key: `pick:${wish.id}`, title, intro: wish.title, label: title, fields: [deadline, priority], run: (values) => board.act("wish", wish.id, "pick_up", force ? { ...values, force } : values) });
  }

  askBack() {
    const { wish, board } = this;
    const text = { name: "text", label: t("what_to_know"), type: "textarea", required: true };
    ask({ key: `question:${wish.id}`, title: t("question_back"), intro: wish.title, label: t("ask"), fields: [text], run: (values) => board.act("wish", wish.id, "ask_back", values) });
  }

  ship() {
    const { wish, board } = this;
    if (wish.kind === "task") return board.act("wish", wish.id, "ship").catch((error) => board.complain(error));
    const fields = Object.entries(announcement(wish)).map(([code, words]) => ({ name: code, label: `${t("announcement")}: ${inLanguage(code)}`, type: "textarea", value: words }));
    const said = (values) => Object.fromEntries(Object.entries(values).filter(([, words]) => words));
    return ask({ key: `ship:${wish.id}`, title: t("ship"), intro: t("ship_intro", { n: wish.asked }), label: t("ship"), fields, run: (values) => board.act("wish", wish.id, "ship", { announcement: said(values) }) });
  }

  decline() {
    prompts.decline(this.board, this.wish);
  }
}

export function newTask(board) {
  ask({
    key: "task",
    title: t("new_task"),
    label: t("make_task"),
    fields: [
      { name: "title", label: t("title"), required: true, maxlength: 200 },
      { name: "text", label: t("task_text"), type: "textarea" },
      { name: "priority", label: t("priority"), type: "select", value: "normal", options: prompts.priorities() },
    ],
    run: (values) => board.make(values),
  });
}

// What can be done with one message, behind a button that stays out of the way: answer it, change it, take it back.
// Owns what is offered to whom; the server decides.

import { h } from "../dom.js";
import { ask } from "../forms.js";
import { t } from "../words.js";

const LEADS = ["lead", "admin"];

// Whether I may change this message: what I have said, or as a lead what any agent has.
export function mine({ author, deleted_at, data, mark }, { me, works }) {
  const own = author.kind === "agent" && (author.id === me.id || LEADS.includes(me.role));
  return works && own && !deleted_at && data?.pending !== "delete" && mark !== "cancelled";
}

export function menu(message, doing) {
  const { desk } = doing;
  if (!desk.works || message.author.kind === "system") return null;
  const item = (name, run) => h("button", { type: "button", data: { act: `${name}-${message.seq}` }, onclick: run }, t(name));
  const own = mine(message, desk);
  const items = [!message.deleted_at && item("quote", () => doing.answer(message)), own && item("change", () => change(doing, message)), own && item("remove", () => remove(doing, message))].filter(Boolean);
  if (!items.length) return null;
  const name = message.author.name || t(message.author.kind === "bot" ? "bot" : "visitor");
  const root = h("details", { class: "more" }, h("summary", { "aria-label": t("more_about", { name }), title: t("more_about", { name }), data: { act: `more-${message.seq}` } }, "⋯"), h("div", { class: "menu" }, items));
  root.addEventListener("click", ({ target }) => target.closest("button") && (root.open = false));
  root.addEventListener("focusout", ({ relatedTarget }) => root.contains(relatedTarget) || (root.open = false));
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !root.open) return;
    root.open = false;
    root.firstChild.focus();
    event.preventDefault();
  });
  return root;
}

export function change(view, message) {
  return ask({
    key: `change:${view.id}:${message.seq}`,
    title: t("change_title"),
    label: t("save"),
    intro: message.private ? null : t("change_intro"),
    fields: [{ name: "text", label: t("message"), type: "textarea", rows: 5, value: message.text, required: true }],
    run: async ({ text }) => {
      const { how } = await view.desk.act("dialog", view.id, "edit", { seq: message.seq, text });
      if (how === "corrected") view.desk.say(t("sent_as_correction"));
    },
  });
}

export function remove(view, message) {
  return ask({
    key: `remove:${view.id}:${message.seq}`,
    title: t("remove_title"),
    label: t("remove"),
    danger: true,
    intro: t(message.private ? "remove_note_intro" : "remove_intro"),
    fields: [],
    run: () => view.desk.act("dialog", view.id, "delete", { seq: message.seq }),
  });
}

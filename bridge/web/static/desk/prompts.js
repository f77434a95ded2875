// What is asked before an action: line, moment, title, reason. Owns the questions, not the answers' effects.

import { get } from "../api.js";
import { ask } from "../forms.js";
import { local, now } from "../time.js";
import { t } from "../words.js";

export const priorities = () => ["urgent", "high", "normal", "low"].map((name) => [name, t(`priority_${name}`)]);
const lines = (desk) => desk.lines.map((line) => [line.name, line.title]);

const priority = (value, label = t("priority")) => ({ name: "priority", label, type: "select", value, options: priorities() });
const note = (label) => ({ name: "note", label, type: "textarea" });

const elsewhere = (desk, line) => lines(desk).filter(([name]) => name !== line);

// A dialog or a ticket goes to another line.
export function pass(view, kind = "dialog") {
  const { desk, id } = view;
  const subject = view[kind];
  return ask({
    key: `pass:${id}`,
    title: t("pass_title"),
    label: t("pass"),
    fields: [
      { name: "line", label: t("line"), type: "select", options: elsewhere(desk, subject.line) },
      priority(subject.priority),
      note(t("note_for_line")),
    ],
    run: (values) => desk.act(kind, id, "pass", values),
  });
}

export function snooze(view) {
  const tomorrow = new Date(now() + 86_400_000);
  tomorrow.setHours(9, 0, 0, 0);
  return ask({
    key: `snooze:${view.id}`,
    title: t("snooze_title"),
    label: t("snooze"),
    intro: t("snooze_intro"),
    fields: [{ name: "until", label: t("until"), type: "datetime-local", value: local(tomorrow), required: true }],
    run: (values) => view.desk.act("dialog", view.id, "snooze", values),
  });
}

// Who the contact is, as an agent has learned.
export function introduce(view) {
  const { contact } = view.dialog;
  return ask({
    key: `introduce:${view.id}`,
    title: t("introduce_title"),
    label: t("save"),
    fields: [
      { name: "name", label: t("name"), value: contact.name, maxlength: 100 },
      { name: "email", label: t("email"), type: "email", value: contact.email ?? "" },
    ],
    run: (values) => view.desk.act("dialog", view.id, "introduce", values),
  });
}

export function ticket(view, seqs) {
  const { desk, dialog, id } = view;
  const silent = desk.lines.find((line) => !line.speaks) ?? desk.lines.find((line) => line.name !== dialog.line);
  return ask({
    key: `ticket:${id}:${seqs}`,
    title: t("ticket_from_chosen"),
    label: t("make_ticket"),
    intro: t("chosen", { n: seqs.length }),
    fields: [
      { name: "title", label: t("title"), value: excerpt(view.messages.get(seqs[0])?.text), required: true, maxlength: 200 },
      { name: "line", label: t("line"), type: "select", value: silent?.name ?? dialog.line, options: lines(desk) },
      priority(dialog.priority),
      note(t("note_for_line")),
      { name: "tell", label: t("tell_contact"), type: "checkbox", value: true },
    ],
    run: async (values) => {
      await desk.act("dialog", id, "promote", { seqs, ...values });
      view.unchoose();
    },
  });
}

export async function wish(view, seq) {
  const { desk, id } = view;
  const { items } = await get("wishes?status=new&status=accepted&status=scheduled&status=shipped");
  const text = view.messages.get(seq)?.text ?? "";
  const known = items.map((one) => [one.id, `#${one.number} ${one.title}`]);
  return ask({
    key: `wish:${id}:${seq}`,
    title: t("file_wish"),
    label: t("file_wish"),
    fields: [
      { name: "title", label: t("title"), value: excerpt(text), required: true, maxlength: 200 },
      ...(known.length ? [{ name: "wish", label: t("same_as"), type: "select", value: "", options: [["", t("new_wish")], ...known] }] : []),
    ],
    run: async ({ title, wish: same }) => {
      await desk.act("dialog", id, "wish", same ? { seq, title: "", wish: same } : { seq, title, text });
      view.unchoose();
    },
  });
}

export function decline(desk, wish) {
  return ask({
    key: `decline:${wish.id}`,
    title: t("decline_title"),
    label: t("decline"),
    danger: true,
    fields: [{ name: "reason", label: t("reason"), type: "textarea", required: true }],
    run: (values) => desk.act("wish", wish.id, "decline", values),
  });
}

const excerpt = (text = "") => {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > 80 ? `${line.slice(0, 79).replace(/\s\S*$/, "")}…` : line;
};

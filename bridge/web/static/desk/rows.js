// One line of a list: a dialog, a ticket, a wish. Owns how each looks; what belongs to the list itself is not said again.

import { h } from "../dom.js";
import { countdown, stamp } from "../time.js";
import { t } from "../words.js";

export function row(kind, item, desk, { chosen = false, words = "" } = {}) {
  const make = { dialog, ticket, wish }[kind];
  const place = item.found?.seq ? `${item.id}/${item.found.seq}` : item.id;
  return h("li", {}, h("a", { href: `#${kind}/${place}`, class: "row", "aria-current": chosen && "true", data: { act: "open" } }, make(item, desk, words)));
}

// The words looked for stand out in the text where they were found.
export function marked(text, words) {
  const at = words ? text.toLowerCase().indexOf(words.toLowerCase()) : -1;
  return at < 0 ? [text] : [text.slice(0, at), h("mark", {}, text.slice(at, at + words.length)), text.slice(at + words.length)];
}

export function face(name) {
  return h("span", { class: "face", "aria-hidden": "true" }, [...(name.trim() || "?")][0].toUpperCase());
}

function head(title, aside) {
  return h("span", { class: "head" }, h("b", { dir: "auto" }, title), aside);
}

function priority({ priority }) {
  return priority !== "normal" && h("span", { class: `badge ${priority}` }, t(`priority_${priority}`));
}

function who({ assignee }, desk) {
  return assignee && h("span", { class: "who" }, assignee.id === desk.me.id ? t("you") : assignee.name);
}

function dialog(dialog, desk, words) {
  const { found } = dialog;
  const implied = dialog.status === "open" && !found;
  return [
    head(dialog.contact.name || t("visitor"), dialog.promise ? countdown(dialog.promise) : stamp(dialog.changed_at)),
    found?.ticket && h("span", { class: "preview", dir: "auto" }, `#${found.ticket.number} `, marked(found.ticket.title, words)),
    h(
      "span",
      { class: "sub" },
      h("span", { class: "preview", dir: "auto" }, found?.snippet ? marked(found.snippet, words) : dialog.preview),
      h(
        "span",
        { class: "foot" },
        !implied && h("span", { class: `status ${dialog.status}` }, t(`status_${dialog.status}`)),
        dialog.unreachable && h("span", { class: "badge urgent" }, t("unreachable")),
        priority(dialog),
        desk.lists.mixed && h("span", {}, dialog.channel),
        !desk.me.lines.includes(dialog.line) && h("span", {}, desk.line(dialog.line).title),
        who(dialog, desk),
      ),
    ),
  ];
}

function ticket(ticket, desk) {
  return [
    head(`#${ticket.number} ${ticket.title}`, stamp(ticket.changed_at)),
    h(
      "span",
      { class: "foot" },
      h("span", { class: `status ${ticket.status}` }, t(`ticket_${ticket.status}`)),
      priority(ticket),
      h("span", { dir: "auto" }, ticket.contact.name || t("visitor")),
      h("span", {}, desk.line(ticket.line).title),
      ticket.due_at && h("span", { class: Date.parse(ticket.due_at) < Date.now() && ticket.status !== "resolved" ? "late" : "" }, t("until"), " ", stamp(ticket.due_at)),
      who(ticket, desk),
    ),
  ];
}

function wish(wish) {
  return [
    head(`#${wish.number} ${wish.title}`, stamp(wish.changed_at)),
    h("span", { class: "preview", dir: "auto" }, wish.text),
    h(
      "span",
      { class: "foot" },
      h("span", { class: `status ${wish.announce === "review" ? "returned" : wish.status}` }, wish.announce === "review" ? t("to_review") : t(`wish_${wish.status}`)),
      wish.reason && wish.status !== "declined" ? h("span", { class: "badge high" }, t("question")) : null,
      h("span", {}, t("asked_by", { n: wish.asked })),
    ),
  ];
}

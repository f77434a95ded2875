// What belongs to a dialog, at its side: the contact, his earlier dialogs, tickets and wishes. Owns showing them.

import { fill, h } from "../dom.js";
import { date, stamp } from "../time.js";
import { t } from "../words.js";
import * as prompts from "./prompts.js";
import { face } from "./rows.js";

// `view.belongings`: {tickets, wishes, earlier}; `prioritise(priority)` changes it.
export function draw(side, view, prioritise) {
  const { dialog, desk, belongings: around } = view;
  const { contact } = dialog;
  const look = JSON.stringify([contact, dialog.priority, dialog.page, dialog.status, dialog.answered_at, dialog.resolved_at, around]);
  if (look === side.look && side.childElementCount > 1) return;
  side.look = look;
  const name = contact.name || t("visitor");
  fill(
    side,
    h("button", { type: "button", class: "quiet close-side", onclick: () => document.querySelector("main").removeAttribute("data-side") }, t("close")),
    h("div", { class: "person" }, face(name), h("div", {}, h("h2", { dir: "auto" }, name), contact.email ? h("p", { class: "quiet", dir: "auto" }, contact.email) : h("p", { class: "quiet" }, dialog.channel)), desk.works && h("button", { type: "button", class: "quiet", data: { act: "introduce" }, onclick: () => prompts.introduce(view) }, t("edit_contact"))),
    facts([
      [t("channel"), dialog.channel],
      [t("language"), languageName(contact.language)],
      [t("plan"), contact.plan],
      [t("page"), dialog.page && pageLink(dialog.page)],
      [t("opened"), stamp(dialog.opened_at)],
      [t("answered"), dialog.answered_at && stamp(dialog.answered_at)],
      [t("priority"), priorities(dialog, desk, prioritise)],
    ]),
    part(t("tab_tickets"), around.tickets, null, (ticket) => [h("a", { href: `#ticket/${ticket.id}`, dir: "auto" }, `#${ticket.number} ${ticket.title}`), h("span", { class: `status ${ticket.status}` }, t(`ticket_${ticket.status}`))]),
    part(t("tab_wishes"), around.wishes, null, (wish) => [h("a", { href: `#wish/${wish.id}`, dir: "auto" }, `#${wish.number} ${wish.title}`), h("span", { class: `status ${wish.status}` }, t(`wish_${wish.status}`)), wish.deadline && h("span", { class: "quiet" }, date(wish.deadline))]),
    part(t("earlier"), around.earlier, t("no_earlier"), (other) => [h("a", { href: `#dialog/${other.id}`, dir: "auto" }, other.preview || t("no_words")), h("span", { class: `status ${other.status}` }, t(`status_${other.status}`)), h("span", { class: "quiet" }, date(other.opened_at))]),
  );
}

export function facts(rows) {
  return h("dl", {}, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", {}, name), h("dd", { dir: "auto" }, value)]));
}

function part(title, items, none, line) {
  if (!items.length && !none) return null;
  return [h("h2", {}, title), items.length ? h("ul", { class: "links" }, items.map((item) => h("li", {}, line(item)))) : h("p", { class: "quiet" }, none)];
}

function priorities(dialog, desk, prioritise) {
  const select = h("select", { "aria-label": t("priority") }, prompts.priorities().map(([key, words]) => h("option", { value: key, selected: key === dialog.priority }, words)));
  select.disabled = !desk.works || dialog.status === "resolved";
  select.addEventListener("change", () => prioritise(select.value).catch(() => (select.value = dialog.priority)));
  return select;
}

// Where the contact was when he wrote: a link only to the web.
function pageLink(page) {
  const shown = page.replace(/^https?:\/\/(www\.)?/, "").replace(/\/$/, "");
  return /^https?:\/\//.test(page) ? h("a", { href: page, target: "_blank", rel: "noopener noreferrer nofollow" }, shown) : page;
}

export function languageName(code) {
  try {
    return new Intl.DisplayNames([document.documentElement.lang], { type: "language" }).of(code);
  } catch {
    return code; // a platform may send what is no language
  }
}

// A conversation as a list of messages. Owns how each kind of message looks and what can be done with it.

import { h, keyed, prose } from "../dom.js";
import { button } from "../forms.js";
import { day, hold, stamp } from "../time.js";
import { t } from "../words.js";
import { link, wording } from "./events.js";
import { about, asked, edited, quoted, reactions } from "./extras.js";
import { files } from "./files.js";
import { menu } from "./menu.js";

const PLAIN = ["queued", "accepted", "delivered", "read"];
const TOGETHER = 5 * 60_000; // what one says within five minutes stands together

const ALARMS = ["mention", "requeue", "supervise", "failed", "unreachable", "not_edited", "not_deleted"];

// `doing`: {desk, chosen: Set, choose(seq, on), undo(message, keep), retry(message), answer(message), again(pending), drop(pending)}
export function draw(list, messages, pending, doing) {
  const rows = [];
  let last = null;
  for (const message of joined(messages)) {
    const today = new Date(message.said_at).toDateString();
    if (!last || today !== new Date(last.message.said_at).toDateString()) rows.push({ key: `day-${today}`, day: message.said_at });
    const row = { key: message.seq, message, chosen: doing.chosen.has(message.seq), follows: Boolean(last) && together(last.message, message) };
    if (row.follows) last.goesOn = true;
    rows.push((last = row));
  }
  rows.push(...pending.map((sending) => ({ key: sending.key, sending })));
  steadily(list, () =>
    keyed(list, rows, (row) => row.key, (row) => {
      if (row.day) return h("div", { class: "day" }, day(row.day));
      if (row.sending) return unsent(row.sending, doing);
      return row.message.author.kind === "system" ? system(row.message, doing) : said(row, doing);
    }),
  );
}

// A menu stays open, with the focus in it, while its message is drawn anew: a mark may come at any moment.
function steadily(list, change) {
  const open = list.querySelector(".more[open] > summary");
  const focused = open?.parentNode.contains(document.activeElement) && document.activeElement.dataset.act;
  change();
  const anew = open && !open.isConnected && list.querySelector(`summary[data-act="${open.dataset.act}"]`);
  if (!anew) return;
  anew.parentNode.open = true;
  if (focused) anew.parentNode.querySelector(`[data-act="${focused}"]`)?.focus({ preventScroll: true });
}

// Pieces of an album come as messages of their own, and are shown as the one thing that was sent.
function joined(messages) {
  const heads = new Map();
  for (const message of messages) {
    const album = !message.deleted_at && message.data?.album;
    const key = album ? `${message.author.kind}:${album}` : message.seq;
    const attachments = message.attachments.map((file) => ({ ...file, seq: message.seq }));
    const head = heads.get(key);
    if (!head) heads.set(key, album ? { ...message, attachments } : message);
    else Object.assign(head, { text: [head.text, message.text].filter(Boolean).join("\n"), attachments: [...head.attachments, ...attachments] });
  }
  return [...heads.values()];
}

function together(one, other) {
  const same = one.author.kind === other.author.kind && one.author.id === other.author.id && one.private === other.private;
  return same && one.author.kind !== "system" && Date.parse(other.said_at) - Date.parse(one.said_at) < TOGETHER;
}

function system(message, doing) {
  const where = link(message);
  const words = wording(message, doing.desk);
  return h("div", { class: ALARMS.includes(message.event) ? "system alarm" : "system" }, where ? h("a", { href: where }, words) : h("span", {}, words), " ", stamp(message.said_at));
}

function said({ message, chosen, follows, goesOn }, doing) {
  const { author, seq } = message;
  const side = author.kind === "contact" ? "theirs" : message.private ? "note" : "ours";
  const name = author.kind === "bot" ? t("bot") : author.name || t("visitor");
  const box = h("input", { type: "checkbox", checked: chosen, "aria-label": t("choose_message", { name }), data: { act: `choose-${seq}` } });
  box.addEventListener("change", () => doing.choose(seq, box.checked));
  const gone = message.deleted_at && message.mark !== "cancelled";
  return h(
    "div",
    { class: ["said", side, author.kind, chosen && "chosen", follows && "follows", goesOn && "goes-on"].filter(Boolean).join(" "), tabindex: -1, data: { seq } },
    h("label", { class: "pick" }, box),
    h(
      "div",
      { class: "bubble" },
      h(
        "p",
        { class: "by" },
        h("b", { dir: "auto" }, name),
        message.private && h("span", { class: "badge note" }, t("note")),
        message.event === "announcement" && message.data?.wish && h("span", { class: "badge" }, t("announcement")),
        message.event === "correction" && h("span", { class: "badge" }, t("correction")),
        message.event === "echo" && h("span", { class: "badge" }, t("from_page")),
        stamp(message.said_at),
      ),
      quoted(message),
      message.text && h("p", { class: message.deleted_at ? "words gone" : "words", dir: "auto" }, prose(message.text)),
      about(message),
      gone && h("p", { class: "quiet" }, t("deleted")),
      files(message.attachments, doing.desk.works && ((own) => doing.retry({ seq: own ?? seq }))),
      reactions(message),
      edited(message),
      asked(message),
      author.kind === "contact" || (message.private && !message.mark) ? null : marked(message, doing),
    ),
    menu(message, doing),
  );
}

// What became of a message of ours, why, and what can still be done.
function marked(message, doing) {
  const { mark, reason } = message;
  if (mark === "held") {
    return h(
      "p",
      { class: "mark held" },
      hold(message.held_until),
      button(t("undo"), () => doing.undo(message, false), { name: "undo" }),
      button(t("keep_note"), () => doing.undo(message, true), { name: "keep" }),
    );
  }
  const words = t(`mark_${mark ?? "queued"}`);
  const why = mark === "cancelled" ? { "taken back": t("taken_back"), "kept as a note": t("kept_as_note") }[reason] ?? reason : reason;
  return h(
    "p",
    { class: `mark ${mark}${PLAIN.includes(mark ?? "queued") ? " plain" : ""}` },
    h("span", {}, mark === "cancelled" ? why || words : words),
    mark !== "cancelled" && why ? h("span", { class: "why" }, why) : null,
    mark === "failed" && button(t("retry"), () => doing.retry(message), { name: "retry" }),
    mark === "delayed" && button(t("cancel"), () => doing.undo(message, false), { name: "undo" }),
  );
}

// What we have written and the server has not acknowledged.
function unsent(sending, doing) {
  const problem = sending.problem;
  return h(
    "div",
    { class: `said ${sending.mode === "note" ? "note" : "ours"} agent unsent` },
    h(
      "div",
      { class: "bubble" },
      h("p", { class: "by" }, h("b", {}, doing.desk.me.name), sending.mode === "note" && h("span", { class: "badge note" }, t("note"))),
      h("p", { class: "words", dir: "auto" }, sending.text),
      sending.names?.map((name) => h("p", { class: "file" }, name)),
      h(
        "p",
        { class: problem ? "mark failed" : "mark" },
        h("span", {}, problem ? t("not_sent") : t("sending")),
        problem && h("span", { class: "why" }, problem),
        problem && button(t("retry"), () => doing.again(sending), { name: "again" }),
        problem && button(t("back_to_editor"), () => doing.drop(sending), { name: "drop" }),
      ),
    ),
  );
}

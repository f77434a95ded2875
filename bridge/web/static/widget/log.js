// The conversation: what the bridge knows, then what is still in the outbox. Strangers' words only ever become text.

import { h, keyed, ours, prose } from "../dom.js";
import { language, t } from "./words.js";

const format = (options) => new Intl.DateTimeFormat(language(), options);
const own = (message) => message.author.kind === "contact";

export class Log {
  #messages = new Map();
  #seenTo = "";

  // `does`: press(button), again(item), take(item).
  constructor(wire, outbox, does) {
    Object.assign(this, { wire, outbox, does });
    this.last = 0;
    this.clock = format({ hour: "2-digit", minute: "2-digit" });
    this.day = format({ weekday: "long", day: "numeric", month: "long" });
    this.element = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t("conversation"), "aria-busy": "true", tabindex: 0 });
    this.#seenTo = wire.kept("seen", "");
  }

  // True for a new message of the other side.
  hear(message, rev) {
    const known = this.#messages.has(message.id);
    this.last = Math.max(this.last, rev || message.rev || 0);
    this.#messages.set(message.id, message);
    if (own(message)) this.outbox.arrived(message);
    return !known && !own(message);
  }

  get empty() {
    return !this.#messages.size && !this.outbox.items.length;
  }

  sorted() {
    return [...this.#messages.values()].sort((one, other) => one.said_at.localeCompare(other.said_at) || one.seq - other.seq);
  }

  theirs() {
    return this.sorted().filter((message) => !own(message));
  }

  // Whether a person has answered what the visitor said last.
  get answered() {
    const last = this.sorted().findLast((message) => own(message) || message.author.kind === "agent");
    return !last || !own(last);
  }

  get unread() {
    return this.theirs().filter((message) => message.mark !== "read" && message.said_at > this.#seenTo && !message.deleted).length;
  }

  see() {
    const last = this.theirs().at(-1);
    if (!last || last.said_at <= this.#seenTo) return;
    this.#seenTo = last.said_at;
    this.wire.keep("seen", this.#seenTo);
  }

  get hasFiles() {
    return this.sorted().some((message) => message.attachments.length);
  }

  get low() {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < 60;
  }

  down() {
    this.element.scrollTop = this.element.scrollHeight;
  }

  draw() {
    const rows = [];
    let before = {};
    const sorted = this.sorted();
    const answered = sorted.findLastIndex((message) => message.author.kind === "agent");
    const pressed = this.outbox.items.length ? Infinity : Math.max(answered, sorted.findLastIndex(own));
    sorted.forEach((message, place) => {
      const today = new Date(message.said_at).toDateString();
      if (today !== before.today) rows.push({ key: `day-${today}`, day: message.said_at });
      const by = `${today} ${message.author.kind} ${message.author.name}`;
      // Whom a person answers, he has read.
      rows.push({ key: message.id, message, first: by !== before.by, seen: place < answered, buttons: place > pressed && message.buttons });
      before = { today, by };
    });
    const waiting = this.outbox.items.filter((item) => !this.#messages.has(item.sent));
    rows.push(...waiting.map((item) => ({ key: item.client_id, item })));
    const mine = rows.findLast((row) => row.item || (row.message && own(row.message)));
    if (mine) mine.last = true;
    keyed(this.element, rows, (row) => row.key, (row) => this.#row(row), looks);
  }

  #row({ day, message, item, ...row }) {
    if (day) return h("div", { class: "day" }, this.day.format(new Date(day)));
    return item ? this.#waiting(item) : this.#said(message, row);
  }

  #waiting(item) {
    const act = (name, does) => h("button", { type: "button", data: { act: name }, onclick: () => does(item) }, t(name));
    const mark = item.refused
      ? h("p", { class: "mark failed" }, `${t("not_sent")}: ${item.refused} `, act("try_again", this.does.again), act("edit", this.does.take))
      : h("p", { class: "mark", data: { mark: item.sent ? "sent" : "sending" } }, t(item.sent ? "sent" : "sending"));
    const files = (item.attachments ?? []).map(({ name }) => h("p", { class: "file" }, name));
    return h("div", { class: "line mine unsent" }, h("div", { class: "bubble" }, h("p", { class: "words", dir: "auto" }, prose(item.text)), files), mark);
  }

  #said(message, { first, last, seen, buttons }) {
    const mine = own(message);
    const mark = mine && last && (seen || message.mark === "read" ? "read" : "delivered");
    const { kind, name } = message.author;
    const by = first && !mine && h("p", { class: "by" }, h("span", { class: "face", "aria-hidden": "true" }, kind === "bot" ? "⚙" : [...(name || "?")][0].toUpperCase()), kind === "bot" ? t("bot") : name);
    const words = message.deleted ? h("p", { class: "words" }, t("deleted")) : message.text && h("p", { class: "words", dir: "auto" }, prose(message.text));
    const files = message.deleted ? [] : message.attachments.map((file, place) => this.#file(message.id, file, place));
    const time = h("time", { datetime: message.said_at }, this.clock.format(new Date(message.said_at)));
    return h(
      "div",
      { class: `line ${mine ? "mine" : kind} ${first ? "first" : ""}` },
      by,
      h("div", { class: "bubble" }, message.quote && h("q", { dir: "auto" }, message.quote), words, files),
      buttons && h("div", { class: "buttons" }, buttons.map((button) => h("button", { type: "button", data: { act: button.command }, onclick: () => this.does.press(button) }, button.label))),
      h("p", { class: "mark", data: mark ? { mark } : {} }, time, message.edited && ` · ${t("edited")}`, mark && ` · ${t(mark)}`),
    );
  }

  // Addresses are good for minutes: the latest state has a fresh one.
  #file(id, { name, type, state }, place) {
    if (state) return h("p", { class: "file" }, name, state === "failed" ? " ✕" : " …");
    const address = () => ours(this.#messages.get(id).attachments[place].url, this.wire.home);
    const link = h("a", { class: "file", href: address(), target: "_blank", rel: "noopener", onclick: () => (link.href = address()) }, name);
    if (type.startsWith("image/")) {
      const picture = h("img", { src: address(), alt: name, crossorigin: "anonymous" });
      picture.addEventListener("load", () => link.replaceChildren(picture), { once: true });
    }
    return link;
  }
}

const looks = (row) => JSON.stringify(row, (name, value) => (["url", "rev"].includes(name) ? undefined : value));

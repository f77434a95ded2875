// One dialog on the desk: conversation, what can be done, composer. Owns reading it, and which messages are chosen.

import { ApiError, get } from "../api.js";
import { fill, h } from "../dom.js";
import { button } from "../forms.js";
import { serial } from "../live.js";
import { countdown, stamp } from "../time.js";
import { t } from "../words.js";
import { Composer } from "./composer.js";
import * as contact from "./contact.js";
import { Here } from "./here.js";
import { Macros, filled } from "./macros.js";
import { draw } from "./messages.js";
import * as prompts from "./prompts.js";

const PAGE = 500;

export class DialogView {
  dialog = null;
  messages = new Map();
  chosen = new Set();
  belongings = { tickets: [], wishes: [], earlier: [] };
  rev = 0;

  // `seq` is the message to be shown first.
  constructor(desk, id, root, side, seq) {
    Object.assign(this, { desk, id, side, seq });
    this.key = `dialog:${id}`;
    this.macros = new Macros(() => this.dialog?.contact.language);
    this.composer = new Composer(`draft:${desk.me.id}:${id}`, (written) => this.#send(written), () => desk.commands.open("macros"));
    this.head = h("header", { class: "subject-head" });
    this.list = h("div", { class: "log", role: "log", "aria-label": t("conversation"), tabindex: 0 });
    // A picture that has come makes the talk longer: who has read to its end stays there.
    this.list.addEventListener("scroll", () => (this.above = !this.#low()));
    this.list.addEventListener("load", () => this.above || (this.list.scrollTop = this.list.scrollHeight), true);
    this.picked = h("div", { class: "picked", role: "status" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.here = new Here(desk, id, this.composer);
    fill(root, this.head, this.problem, this.list, this.picked, this.here.root, this.composer.root);
    this.composer.root.hidden = true;
    this.undrop = this.composer.takeDrops(root);
    this.read = serial(() => this.#read());
    fill(side, h("p", { class: "empty" }, t("loading")));
  }

  leave() {
    this.left = true;
    this.here.leave();
    this.undrop();
  }

  // What has changed since the last time; the first time everything.
  async #read() {
    try {
      this.dialog = await get(`dialogs/${this.id}`);
      for (let page = null; !page || page.length === PAGE; ) {
        page = (await get(`dialogs/${this.id}/messages?after=${this.rev}&limit=${PAGE}`)).items;
        for (const message of page) {
          this.messages.set(message.seq, message);
          this.rev = Math.max(this.rev, message.rev);
        }
      }
      if (this.left) return;
      this.problem.hidden = true;
      this.draw();
      if (this.desk.works) this.macros.all(); // at hand before somebody asks for them
      await this.around();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#say(error);
    }
  }

  // Tickets and wishes of this dialog, and the contact's other dialogs.
  async around() {
    if (!this.dialog) return;
    const [tickets, wishes, all] = await Promise.all([get(`tickets?dialog=${this.id}`), get(`wishes?dialog=${this.id}`), get(`dialogs?contact=${this.dialog.contact.id}&limit=20`)]);
    this.belongings = { tickets: tickets.items, wishes: wishes.items, earlier: all.items.filter((other) => other.id !== this.id) };
    if (this.left) return;
    const prioritise = (priority) => this.desk.act("dialog", this.id, "prioritise", { priority }).catch((error) => {
      this.#say(error);
      throw error;
    });
    contact.draw(this.side, this, prioritise);
  }

  #say(error) {
    fill(this.problem, error.message);
    this.problem.hidden = false;
  }

  #low = () => this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60;

  draw() {
    if (this.left || !this.dialog) return;
    const low = this.#low();
    const first = !this.list.childElementCount;
    this.#head();
    const messages = [...this.messages.values()].sort((one, other) => one.seq - other.seq);
    draw(this.list, messages, this.desk.unsent.of(this.id).filter((one) => !this.messages.has(one.seq)), this);
    this.#picked();
    const { me } = this.desk;
    const { assignee, line } = this.dialog;
    const speaks = this.desk.line(line).speaks && this.desk.works;
    const loud = Boolean(assignee) && assignee.id !== me.id;
    const hint = !assignee ? t("hint_first") : loud ? t("hint_theirs", { name: assignee.name }) : t("hint_keys");
    this.composer.root.hidden = !this.desk.works;
    this.composer.rules({ allowed: speaks, loud, hint });
    if (low || first) this.list.scrollTop = this.list.scrollHeight;
    if (first && this.seq) this.#bubbles().find((one) => one.dataset.seq === this.seq)?.focus();
  }

  #head() {
    const { dialog, desk } = this;
    const look = JSON.stringify([dialog.contact, dialog.status, dialog.assignee, dialog.promise, dialog.line, dialog.priority, dialog.snoozed_until, dialog.unreachable]);
    if (look === this.look) return;
    this.look = look;
    const mine = dialog.assignee?.id === desk.me.id;
    fill(
      this.head,
      h("a", { class: "back", href: "#", "aria-label": t("back") }, "‹"),
      h(
        "div",
        { class: "title" },
        h("h1", { dir: "auto" }, dialog.contact.name || t("visitor")),
        h(
          "p",
          {},
          h("span", { class: `status ${dialog.status}` }, t(`status_${dialog.status}`)),
          dialog.unreachable && h("span", { class: "badge urgent", title: dialog.unreachable }, t("unreachable")),
          dialog.priority !== "normal" && h("span", { class: `badge ${dialog.priority}` }, t(`priority_${dialog.priority}`)),
          dialog.promise && h("span", { class: "promise" }, t(dialog.promise.name), " ", countdown(dialog.promise)),
          dialog.snoozed_until && h("span", {}, t("until"), " ", stamp(dialog.snoozed_until)),
          h("span", {}, dialog.assignee ? (mine ? t("yours") : t("has_it", { name: dialog.assignee.name })) : t("unclaimed")),
          !desk.me.lines.includes(dialog.line) && h("span", {}, desk.line(dialog.line).title),
        ),
      ),
      h("button", { type: "button", class: "to-side quiet", "aria-label": t("details"), title: `${t("details")} (I)`, onclick: () => document.querySelector("main").toggleAttribute("data-side") }, "•••"),
      h("div", { class: "actions" }, this.#buttons(mine)),
    );
  }

  #buttons(mine) {
    const { dialog, desk } = this;
    if (!desk.works) return [];
    const open = dialog.status !== "resolved";
    const force = dialog.assignee && !mine && ["lead", "admin"].includes(desk.me.role);
    const act = (action, fields) => () => desk.act("dialog", this.id, action, fields);
    const ask = (prompt) => () => prompt(this);
    return [
      open && !dialog.assignee && button(t("claim"), act("claim"), { kind: "primary", name: "claim", key: "C" }),
      open && force && button(t("take_over"), act("claim", { force: true }), { name: "claim", key: "C" }),
      open && mine && button(t("release"), act("release"), { name: "release", key: "U" }),
      open && button(t("pass"), ask(prompts.pass), { name: "pass", key: "P" }),
      open && button(t("snooze"), ask(prompts.snooze), { name: "snooze", key: "S" }),
      open && button(t("resolve"), act("resolve"), { name: "resolve", key: "E" }),
      !open && button(t("reopen"), act("reopen"), { kind: "primary", name: "reopen", key: "O" }),
    ];
  }

  #picked() {
    const chosen = [...this.chosen].sort((one, other) => one - other);
    this.picked.hidden = !chosen.length;
    const look = String(chosen);
    if (look === this.picked.look) return;
    this.picked.look = look;
    fill(
      this.picked,
      h("span", {}, t("chosen", { n: chosen.length })),
      button(t("ticket_from_chosen"), () => prompts.ticket(this, chosen), { kind: "primary", name: "ticket", key: "T" }),
      chosen.length === 1 && button(t("file_wish"), () => prompts.wish(this, chosen[0]), { name: "wish", key: "W" }),
      h("button", { type: "button", class: "quiet", onclick: () => this.unchoose() }, t("clear")),
    );
  }

  #bubbles = () => [...this.list.querySelectorAll(".said[data-seq]")];

  // Moves the cursor along the messages: the first step goes to the last one.
  walk(by) {
    const bubbles = this.#bubbles();
    const at = bubbles.findIndex((one) => one.contains(document.activeElement));
    bubbles[at < 0 ? bubbles.length - 1 : Math.max(0, Math.min(bubbles.length - 1, at + by))]?.focus();
  }

  // The message at the cursor, else the contact's last one.
  select() {
    const at = this.#bubbles().find((one) => one.contains(document.activeElement));
    const seq = at ? Number(at.dataset.seq) : [...this.messages.values()].findLast((message) => message.author.kind === "contact")?.seq;
    if (seq) this.choose(seq, !this.chosen.has(seq));
  }

  // The messages that a ticket or a wish would be made of.
  pick() {
    if (this.chosen.size) return [...this.chosen].sort((one, other) => one - other);
    const at = this.at();
    return at ? [at.seq] : [];
  }

  // The message at the cursor.
  at() {
    const bubble = this.#bubbles().find((one) => one.contains(document.activeElement));
    return bubble && this.messages.get(Number(bubble.dataset.seq));
  }

  // The next reply, or note, answers this message.
  answer({ seq, author, text, private: inside }) {
    const name = author.kind === "bot" ? t("bot") : author.name || t("visitor");
    this.composer.answer({ seq, name, text: text || t("no_words") }, inside ? "note" : undefined);
  }

  // Who chooses a piece of an album means all of it.
  choose(seq, on) {
    const { author, data } = this.messages.get(seq);
    const whole = data?.album ? [...this.messages.values()].filter((one) => one.author.kind === author.kind && one.data?.album === data.album) : [{ seq }];
    for (const piece of whole) {
      if (on) this.chosen.add(piece.seq);
      else this.chosen.delete(piece.seq);
    }
    this.draw();
  }

  unchoose() {
    this.chosen.clear();
    this.draw();
  }

  // How to begin a reply or a note, where it may be written.
  place(mode) {
    const { root, reply } = this.composer;
    return !root.hidden && !(mode === "reply" && reply.hidden) && (() => this.composer.choose(mode));
  }

  // A saved answer, its slots filled with what the desk knows.
  use(macro) {
    const { contact: who, line, channel } = this.dialog;
    const known = { name: who.name, email: who.email, agent: this.desk.me.name, channel, line: this.desk.line(line).title, ticket: this.belongings.tickets[0] && String(this.belongings.tickets[0].number) };
    filled(macro, known, (text) => this.composer.take(text));
  }

  async undo(message, keep) {
    await this.desk.act("dialog", this.id, "undo", { seq: message.seq, keep });
    if (!keep) this.composer.take(message.text, "reply");
  }

  async retry(message) {
    await this.desk.act("dialog", this.id, "retry", { seq: message.seq });
  }

  #send(written) {
    this.desk.unsent.add(this.id, written);
    this.here.sent();
    this.list.scrollTop = this.list.scrollHeight;
  }

  again = (sending) => this.desk.unsent.again(this.id, sending);

  drop(sending) {
    this.desk.unsent.drop(this.id, sending);
    const files = sending.files.map((id, place) => ({ id, name: sending.names?.[place] ?? t("file") }));
    this.composer.take(sending.text, sending.mode === "note" ? "note" : "reply", files);
  }
}

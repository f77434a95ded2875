// One dialog on the desk: conversation, actions, composer, what belongs to it. Owns reading it and its unsent replies.

import { ApiError, get, post } from "../api.js";
import { fill, h, kept, uuid } from "../dom.js";
import { button } from "../forms.js";
import { serial } from "../live.js";
import { countdown, date, stamp } from "../time.js";
import { t } from "../words.js";
import { Composer } from "./composer.js";
import { draw } from "./messages.js";
import * as prompts from "./prompts.js";

const PAGE = 500;

export class DialogView {
  dialog = null;
  messages = new Map();
  chosen = new Set();
  rev = 0;

  constructor(desk, id, root, side) {
    Object.assign(this, { desk, id, side });
    this.key = `dialog:${id}`;
    this.pending = kept.get(`unsent:${id}`, []);
    this.composer = new Composer(`draft:${id}`, (written) => this.#send(written));
    this.head = h("header", { class: "subject-head" });
    this.list = h("div", { class: "log", role: "log", "aria-label": t("conversation"), tabindex: 0 });
    this.picked = h("div", { class: "picked", role: "status" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    fill(root, this.head, this.problem, this.list, this.picked, this.composer.root);
    this.composer.root.hidden = true;
    this.read = serial(() => this.#read());
    fill(side, h("p", { class: "empty" }, t("loading")));
    this.#flush();
  }

  leave() {
    this.left = true;
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
      this.draw();
      await this.around();
      this.problem.hidden = true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#say(error);
    }
  }

  // Tickets and wishes of this dialog.
  async around() {
    if (!this.dialog) return;
    const [tickets, wishes] = await Promise.all([get(`tickets?dialog=${this.id}`), get(`wishes?dialog=${this.id}`)]);
    if (!this.left) this.#side(tickets.items, wishes.items);
  }

  #say(error) {
    fill(this.problem, error.message);
    this.problem.hidden = false;
  }

  draw() {
    const low = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60;
    const first = !this.list.childElementCount;
    this.#head();
    const seqs = new Set(this.messages.keys());
    this.pending = this.pending.filter((sending) => !seqs.has(sending.seq));
    const messages = [...this.messages.values()].sort((one, other) => one.seq - other.seq);
    draw(this.list, messages, this.pending, this);
    this.#picked();
    const me = this.desk.me;
    const { assignee, line } = this.dialog;
    const speaks = this.desk.line(line).speaks && this.desk.works;
    const loud = Boolean(assignee) && assignee.id !== me.id;
    const hint = !assignee ? t("hint_first") : loud ? t("hint_theirs", { name: assignee.name }) : t("hint_keys");
    this.composer.root.hidden = !this.desk.works;
    this.composer.rules({ allowed: speaks, loud, hint });
    if (low || first) this.list.scrollTop = this.list.scrollHeight;
  }

  #head() {
    const { dialog, desk } = this;
    const mine = dialog.assignee?.id === desk.me.id;
    const open = dialog.status !== "resolved";
    const act = (action, fields) => () => desk.act("dialog", this.id, action, fields);
    const force = dialog.assignee && !mine && ["lead", "admin"].includes(desk.me.role);
    const ask = (prompt) => () => prompt(this);
    const buttons = !desk.works ? [] : [
      open && !dialog.assignee && button(t("claim"), act("claim"), { kind: "primary", name: "claim" }),
      open && force && button(t("take_over"), act("claim", { force: true }), { name: "claim" }),
      open && mine && button(t("release"), act("release"), { name: "release" }),
      open && button(t("pass"), ask(prompts.pass), { name: "pass" }),
      open && button(t("snooze"), ask(prompts.snooze), { name: "snooze" }),
      open && button(t("resolve"), act("resolve"), { name: "resolve" }),
      !open && button(t("reopen"), act("reopen"), { kind: "primary", name: "reopen" }),
    ];
    const look = JSON.stringify([dialog.contact, dialog.status, dialog.assignee, dialog.promise, dialog.line, dialog.priority, dialog.snoozed_until]);
    if (look === this.look) return;
    this.look = look;
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
          dialog.promise && h("span", { class: "promise" }, t(dialog.promise.name), " ", countdown(dialog.promise)),
          dialog.snoozed_until && h("span", {}, t("until"), " ", stamp(dialog.snoozed_until)),
          h("span", {}, dialog.assignee ? (mine ? t("yours") : t("has_it", { name: dialog.assignee.name })) : t("unclaimed")),
          h("span", {}, desk.line(dialog.line).title),
        ),
      ),
      h("button", { type: "button", class: "to-side quiet", "aria-label": t("details"), title: t("details"), onclick: () => document.querySelector("main").toggleAttribute("data-side") }, "•••"),
      h("div", { class: "actions" }, buttons),
    );
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
      button(t("ticket_from_chosen"), () => prompts.ticket(this, chosen), { kind: "primary", name: "ticket" }),
      chosen.length === 1 && button(t("file_wish"), () => prompts.wish(this, chosen[0]), { name: "wish" }),
      h("button", { type: "button", class: "quiet", onclick: () => this.unchoose() }, t("clear")),
    );
  }

  choose(seq, on) {
    if (on) this.chosen.add(seq);
    else this.chosen.delete(seq);
    this.draw();
  }

  unchoose() {
    this.chosen.clear();
    this.draw();
  }

  async undo(message, keep) {
    await this.desk.act("dialog", this.id, "undo", { seq: message.seq, keep });
    if (!keep) this.composer.take(message.text);
  }

  async retry(message) {
    await this.desk.act("dialog", this.id, "retry", { seq: message.seq });
  }

  #send(written) {
    this.pending.push({ key: uuid(), ...written });
    this.#keep();
    this.draw();
    this.list.scrollTop = this.list.scrollHeight;
    this.#flush();
  }

  again(sending) {
    sending.problem = null;
    this.draw();
    return this.#flush();
  }

  drop(sending) {
    this.pending = this.pending.filter((other) => other !== sending);
    this.#keep();
    this.composer.take(sending.text, sending.mode === "note" ? "note" : "reply");
    this.draw();
  }

  #keep() {
    kept.set(`unsent:${this.id}`, this.pending.filter((sending) => !sending.seq));
  }

  // Sends what is unsent, one after the other. The key makes a repeat harmless, so a doubtful one is simply repeated.
  async #flush() {
    if (this.flushing) return;
    this.flushing = true;
    try {
      for (let sending; (sending = this.pending.find((one) => !one.seq && !one.problem)); ) {
        const { text, mode, files: attachments, key } = sending;
        try {
          const receipt = await post(`dialogs/${this.id}/reply`, { text, mode, attachments }, { "Idempotency-Key": key });
          sending.seq = receipt.seq;
        } catch (error) {
          sending.tries = (sending.tries ?? 0) + 1;
          if (error.passing && sending.tries < 5) await new Promise((resolve) => setTimeout(resolve, 400 * 2 ** sending.tries));
          else sending.problem = error.message ?? String(error);
        }
        this.#keep();
      }
    } finally {
      this.flushing = false;
    }
    if (!this.left && this.dialog) {
      this.draw();
      await this.read();
    }
  }

  #side(tickets, wishes) {
    const { contact, ...dialog } = this.dialog;
    const fact = (name, ...value) => [h("dt", {}, name), h("dd", { dir: "auto" }, ...value)];
    const look = JSON.stringify([contact, dialog.priority, dialog.page, dialog.answered_at, dialog.resolved_at, tickets, wishes]);
    if (look === this.sideLook) return;
    this.sideLook = look;
    const priority = h("select", { "aria-label": t("priority") }, prompts.priorities().map(([key, words]) => h("option", { value: key, selected: key === dialog.priority }, words)));
    priority.disabled = !this.desk.works || dialog.status === "resolved";
    priority.addEventListener("change", () => this.desk.act("dialog", this.id, "prioritise", { priority: priority.value }).catch((error) => {
      priority.value = dialog.priority;
      this.#say(error);
    }));
    fill(
      this.side,
      h("button", { type: "button", class: "quiet close-side", onclick: () => document.querySelector("main").removeAttribute("data-side") }, t("close")),
      h("h2", {}, t("contact")),
      h(
        "dl",
        {},
        fact(t("name"), contact.name || t("visitor")),
        fact(t("channel"), dialog.channel),
        fact(t("language"), contact.language),
        contact.email && fact(t("email"), contact.email),
        contact.plan && fact(t("plan"), contact.plan),
        dialog.page && fact(t("page"), dialog.page),
        fact(t("opened"), stamp(dialog.opened_at)),
        dialog.answered_at && fact(t("answered"), stamp(dialog.answered_at)),
        fact(t("priority"), priority),
      ),
      h("h2", {}, t("tab_tickets")),
      tickets.length ? h("ul", { class: "links" }, tickets.map((ticket) => h("li", {}, h("a", { href: `#ticket/${ticket.id}`, dir: "auto" }, `#${ticket.number} ${ticket.title}`), h("span", { class: `status ${ticket.status}` }, t(`ticket_${ticket.status}`))))) : h("p", { class: "quiet" }, t("no_tickets")),
      h("h2", {}, t("tab_wishes")),
      wishes.length ? h("ul", { class: "links" }, wishes.map((wish) => h("li", {}, h("a", { href: `#wish/${wish.id}`, dir: "auto" }, `#${wish.number} ${wish.title}`), h("span", { class: `status ${wish.status}` }, t(`wish_${wish.status}`)), wish.deadline && h("span", { class: "quiet" }, date(wish.deadline))))) : h("p", { class: "quiet" }, t("no_wishes")),
    );
  }
}

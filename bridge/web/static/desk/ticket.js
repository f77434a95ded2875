// One ticket on the desk: chosen messages, story, draft, and what can be done with it. Owns reading it.

import { ApiError, get } from "../api.js";
import { fill, h, keyed, kept, prose } from "../dom.js";
import { button, row } from "../forms.js";
import { serial } from "../live.js";
import { local, stamp } from "../time.js";
import { t } from "../words.js";
import { facts, languageName } from "./contact.js";
import { file } from "./files.js";
import * as prompts from "./prompts.js";

export class TicketView {
  ticket = null;

  constructor(desk, id, root, side) {
    Object.assign(this, { desk, id, side });
    this.key = `ticket:${id}`;
    this.read = serial(() => this.#read());
    this.head = h("header", { class: "subject-head" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.body = h("div", { class: "page", tabindex: 0 });
    this.quotes = h("ol", { class: "quotes" });
    this.story = h("ol", { class: "story" });
    this.work = h("div", { class: "work" });
    fill(this.body, h("h2", {}, t("quotes")), this.quotes, this.work, h("h2", {}, t("story")), this.story);
    fill(root, this.head, this.problem, this.body);
    fill(side, h("p", { class: "empty" }, t("loading")));
  }

  leave() {
    this.left = true;
  }

  async #read() {
    try {
      this.ticket = await get(`tickets/${this.id}`);
      this.problem.hidden = true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      fill(this.problem, error.message);
      this.problem.hidden = false;
      return;
    }
    if (!this.left) this.draw();
  }

  draw() {
    const { ticket, desk } = this;
    const look = JSON.stringify(ticket);
    if (look === this.look) return;
    this.look = look;
    const open = desk.works && ticket.status !== "resolved";
    const mine = ticket.assignee?.id === desk.me.id;
    const act = (action, fields) => () => desk.act("ticket", this.id, action, fields);
    const force = ticket.assignee && !mine && ["lead", "admin"].includes(desk.me.role);
    fill(
      this.head,
      h("a", { class: "back", href: "#", "aria-label": t("back") }, "‹"),
      h(
        "div",
        { class: "title" },
        h("h1", { dir: "auto" }, `#${ticket.number} ${ticket.title}`),
        h(
          "p",
          {},
          h("span", { class: `status ${ticket.status}` }, t(`ticket_${ticket.status}`)),
          ticket.priority !== "normal" && h("span", { class: `badge ${ticket.priority}` }, t(`priority_${ticket.priority}`)),
          h("span", {}, ticket.assignee ? (mine ? t("yours") : t("has_it", { name: ticket.assignee.name })) : t("unclaimed")),
          h("span", {}, desk.line(ticket.line).title),
        ),
      ),
      h("button", { type: "button", class: "to-side quiet", "aria-label": t("details"), title: t("details"), onclick: () => document.querySelector("main").toggleAttribute("data-side") }, "•••"),
      h(
        "div",
        { class: "actions" },
        h("a", { class: "button", href: `#dialog/${ticket.dialog}` }, t("open_dialog")),
        open && !ticket.assignee && button(t("claim"), act("claim"), { kind: "primary", name: "claim", key: "C" }),
        open && force && button(t("take_over"), act("claim", { force: true }), { name: "claim", key: "C" }),
        open && button(t("pass"), () => prompts.pass(this, "ticket"), { name: "pass", key: "P" }),
        open && button(t("resolve"), act("resolve"), { name: "resolve", key: "E" }),
        desk.works && !open && button(t("reopen"), act("reopen"), { kind: "primary", name: "reopen", key: "O" }),
      ),
    );
    keyed(this.quotes, ticket.quotes, (quote) => `${quote.dialog}-${quote.seq}`, (quote) =>
      h("li", {}, h("p", { class: "by" }, h("b", { dir: "auto" }, quote.author.name || t("visitor")), stamp(quote.said_at)), h("p", { class: "words", dir: "auto" }, prose(quote.text)), quote.attachments.map(file)),
    );
    this.#work();
    const story = ticket.story.map((note, place) => ({ ...note, place }));
    keyed(this.story, story, (note) => note.place, (note) => this.#told(note));
    this.#side();
  }

  // How to begin an answer (or its draft) or a note, where it may be written.
  place(mode) {
    const area = this.work.querySelector(mode === "note" ? "#field-note-text" : "#field-answer-text, #field-hand_back-text");
    return area && (() => area.focus());
  }

  #told(note) {
    const loud = ["noted", "handed_back", "answered"].includes(note.event);
    const extra = loud ? null : detail(note);
    return h(
      "li",
      { class: loud ? `loud ${note.event}` : "" },
      h("p", { class: "by" }, h("b", { dir: "auto" }, note.author.name || t("bot")), h("span", {}, t(`story_${note.event}`)), extra && h("span", {}, extra), stamp(note.said_at)),
      loud && note.text && h("p", { class: "words", dir: "auto" }, prose(note.text)),
    );
  }

  // One place to write, with the buttons that are possible now; each kind of text is its own draft.
  #work() {
    const { ticket, desk } = this;
    const ours = desk.me.lines.includes(ticket.line) || ["lead", "admin"].includes(desk.me.role);
    const forms = [];
    if (ours && ticket.status !== "resolved" && ticket.line !== ticket.home_line) {
      forms.push(this.#form("hand_back", t("draft_for_contact"), t("hand_back"), "", (draft) => ({ draft }), t("hand_back_hint", { line: this.desk.line(ticket.home_line).title })));
    }
    if (ours && ticket.status === "returned") {
      forms.push(this.#form("answer", t("answer_to_contact"), t("send_answer"), ticket.draft ?? "", (text, resolve) => ({ text, resolve }), t("answer_hint")));
    }
    if (desk.works) forms.push(this.#form("note", t("note_inside"), t("save_note"), "", (text) => ({ text })));
    keyed(this.work, forms, (form) => form.action, (form) => form.make(), (form) => form.action + form.start);
  }

  #form(action, label, verb, start, fields, hint) {
    const key = `ticket:${this.desk.me.id}:${this.id}:${action}`;
    const make = () => {
      const typed = kept.get(key, {}); // what was typed against another draft is of the past
      const field = row({ name: `${action}-text`, label, type: "textarea", rows: action === "note" ? 2 : 5, hint, value: typed.start === start ? typed.text : start });
      const area = field.querySelector("textarea");
      area.dir = "auto";
      area.addEventListener("input", () => kept.set(key, { start, text: area.value }));
      const settle = action === "answer" && row({ name: "resolve-too", label: t("resolve_too"), type: "checkbox", value: true });
      const run = async () => {
        if (!area.value.trim()) {
          area.focus();
          throw new Error(t("write_something"));
        }
        await this.desk.act("ticket", this.id, action, fields(area.value.trim(), settle && settle.querySelector("input").checked));
        kept.set(key, null);
        area.value = "";
      };
      return h("div", { class: `work-${action}` }, field, settle || null, h("div", { class: "buttons" }, button(verb, run, { kind: action === "note" ? "" : "primary", name: action })));
    };
    return { action, start, make };
  }

  #side() {
    const { ticket, desk } = this;
    const choose = (element, action, fields) => {
      element.disabled = ticket.status === "resolved" || !desk.works;
      element.addEventListener("change", () => desk.act("ticket", this.id, action, fields()).catch((error) => {
        fill(this.problem, error.message);
        this.problem.hidden = false;
      }));
      return element;
    };
    const priority = h("select", { "aria-label": t("priority") }, prompts.priorities().map(([key, words]) => h("option", { value: key, selected: key === ticket.priority }, words)));
    const due = h("input", { type: "datetime-local", "aria-label": t("due"), value: ticket.due_at ? local(ticket.due_at) : "" });
    fill(
      this.side,
      h("button", { type: "button", class: "quiet close-side", onclick: () => document.querySelector("main").removeAttribute("data-side") }, t("close")),
      h("h2", {}, t("ticket")),
      facts([
        [t("contact"), ticket.contact.name || t("visitor")],
        [t("channel"), ticket.channel],
        [t("language"), languageName(ticket.contact.language)],
        [t("made_by"), ticket.created_by],
        [t("opened"), stamp(ticket.created_at)],
        [t("priority"), choose(priority, "prioritise", () => ({ priority: priority.value }))],
        [t("due"), choose(due, "due", () => ({ due_at: due.value ? new Date(due.value).toISOString() : null }))],
      ]),
    );
  }
}

// What the bridge noted beside an event: "To Second line." → "→ Second line"
function detail({ event, text }) {
  if (event === "prioritised") return t(`priority_${text}`);
  if (event === "promoted" || event === "passed") return `→ ${text.replace(/^(With|To) |\.$/g, "")}`;
  return event === "due" || event === "added" ? text : null;
}

// Where an agent writes. Owns two drafts per dialog that never mix: the reply, and the note for colleagues.

import { ApiError, upload } from "../api.js";
import { fill, h, kept } from "../dom.js";
import { t } from "../words.js";

export class Composer {
  files = [];

  // `send({text, mode, files})` takes what was written; `draft` names the place of the drafts.
  constructor(draft, send) {
    this.draft = draft;
    this.send = send;
    this.mode = kept.get(`${draft}:mode`, "reply");
    this.reply = h("button", { type: "button", onclick: () => this.choose("reply") }, t("reply"));
    this.note = h("button", { type: "button", onclick: () => this.choose("note") }, t("note"));
    this.area = h("textarea", { rows: 3, dir: "auto", "aria-describedby": "composer-hint" });
    this.hint = h("p", { class: "hint", id: "composer-hint" });
    this.chips = h("div", { class: "chips" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => this.#attach([...this.picker.files]) });
    this.attach = h("button", { type: "button", "aria-label": t("attach"), title: t("attach"), onclick: () => this.picker.click() }, "+");
    this.go = h("button", { type: "submit", class: "primary" });
    this.root = h(
      "form",
      { class: "composer" },
      h("div", { class: "modes", role: "group", "aria-label": t("kind_of_message") }, this.reply, this.note, this.hint),
      this.area,
      this.chips,
      this.problem,
      h("div", { class: "buttons" }, this.picker, this.attach, this.go),
    );
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.area.addEventListener("input", () => kept.set(`${draft}:${this.mode}`, this.area.value));
    this.area.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.area.addEventListener("paste", (event) => this.#attach([...event.clipboardData.files]));
  }

  // `allowed`: whether a reply is possible at all; `loud`: a reply needs "send", because a colleague has the dialog.
  rules({ allowed, loud, hint }) {
    this.loud = loud;
    this.reply.hidden = !allowed;
    this.why = hint;
    const was = this.ruled;
    this.ruled = String([allowed, loud]);
    if (was === this.ruled) return this.#labels();
    this.choose(!allowed || (loud && !kept.get(`${this.draft}:reply`)) ? "note" : this.mode, false);
  }

  choose(mode, focus = true) {
    this.mode = mode;
    kept.set(`${this.draft}:mode`, mode);
    this.area.value = kept.get(`${this.draft}:${mode}`, "");
    this.#labels();
    if (focus) this.area.focus();
  }

  #labels() {
    const note = this.mode === "note";
    this.root.dataset.mode = this.mode;
    this.reply.setAttribute("aria-pressed", !note);
    this.note.setAttribute("aria-pressed", note);
    this.area.setAttribute("aria-label", t(note ? "write_note" : "write_reply"));
    this.area.placeholder = t(note ? "write_note" : "write_reply");
    fill(this.go, t(note ? "save_note" : this.loud ? "send_anyway" : "send"));
    fill(this.hint, note ? t("only_colleagues") : this.why);
  }

  // Puts words (of a message that was taken back, of a draft) where they can be written on; keeps what is there.
  take(text, mode = "reply") {
    const key = `${this.draft}:${mode}`;
    const there = kept.get(key, "");
    kept.set(key, there.trim() ? `${there}\n${text}` : text);
    this.choose(mode);
  }

  #submit() {
    const text = this.area.value.trim();
    if (!text && !this.files.length) return this.area.focus();
    const mode = this.mode === "note" ? "note" : this.loud ? "send" : "auto";
    this.send({ text, mode, files: this.files.map((file) => file.id) });
    this.area.value = "";
    kept.set(`${this.draft}:${this.mode}`, null);
    this.files = [];
    this.#chips();
    this.area.focus();
  }

  async #attach(files) {
    this.picker.value = "";
    this.problem.hidden = true;
    for (const file of files) {
      this.go.disabled = true;
      try {
        this.files.push(await upload(file));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        fill(this.problem, `${file.name}: ${error.message}`);
        this.problem.hidden = false;
      } finally {
        this.go.disabled = false;
        this.#chips();
      }
    }
  }

  #chips() {
    const drop = (file) => () => {
      this.files = this.files.filter((other) => other !== file);
      this.#chips();
    };
    fill(
      this.chips,
      this.files.map((file) => h("span", { class: "chip" }, file.name, h("button", { type: "button", "aria-label": t("remove_file", { name: file.name }), onclick: drop(file) }, "×"))),
    );
  }
}

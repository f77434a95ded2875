// Where an agent writes. Owns two drafts per dialog that never mix, words and files: the reply, and the note for
// colleagues. What is typed is kept with every letter, so neither a reload nor a dead server loses it.

import { ApiError, upload } from "../api.js";
import { fill, h, kept } from "../dom.js";
import { t } from "../words.js";
import { icon } from "./icons.js";

export class Composer {
  // `send({text, mode, files})` takes what was written; `draft` names the place of the drafts; `macros()` offers answers.
  constructor(draft, send, macros) {
    Object.assign(this, { draft, send, macros });
    this.mode = kept.get(`${draft}:mode`, "reply");
    this.reply = h("button", { type: "button", title: `${t("reply")} (R)`, onclick: () => this.choose("reply") }, t("reply"));
    this.note = h("button", { type: "button", title: `${t("note")} (N)`, onclick: () => this.choose("note") }, t("note"));
    this.area = h("textarea", { rows: 2, dir: "auto", "aria-describedby": "composer-hint" });
    this.hint = h("p", { class: "hint", id: "composer-hint" });
    this.chips = h("div", { class: "chips" });
    this.above = h("div", { class: "answers", hidden: true });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => this.#attach([...this.picker.files]) });
    const tool = (name, words, run) => h("button", { type: "button", class: "tool", "aria-label": words, title: words, onclick: run }, icon(name));
    this.go = h("button", { type: "submit", class: "primary" });
    this.root = h(
      "form",
      { class: "composer" },
      h("div", { class: "modes", role: "group", "aria-label": t("kind_of_message") }, this.reply, this.note, this.hint),
      this.above,
      this.area,
      this.chips,
      this.problem,
      h("div", { class: "buttons" }, this.picker, tool("clip", t("attach"), () => this.picker.click()), tool("macro", `${t("do_macros")} (/)`, macros), h("span", { class: "grow" }), this.go),
    );
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.area.addEventListener("input", () => kept.set(`${draft}:${this.mode}`, this.area.value));
    this.area.addEventListener("keydown", (event) => this.#key(event));
    this.area.addEventListener("paste", (event) => this.#attach([...event.clipboardData.files]));
  }

  // Files that are dropped anywhere on `ground` come to this draft.
  takeDrops(ground) {
    const carries = (event) => event.dataTransfer?.types.includes("Files") && !this.root.hidden;
    const over = (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      ground.classList.add("dropping");
    };
    const out = () => ground.classList.remove("dropping");
    const drop = (event) => {
      out();
      if (!carries(event)) return;
      event.preventDefault();
      this.#attach([...event.dataTransfer.files]);
    };
    const heard = { dragover: over, dragleave: out, drop };
    for (const [name, hear] of Object.entries(heard)) ground.addEventListener(name, hear);
    return () => Object.entries(heard).forEach(([name, hear]) => ground.removeEventListener(name, hear));
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
    this.files = kept.get(`${this.draft}:${mode}:files`, []);
    this.#labels();
    this.#chips();
    if (focus) this.area.focus();
  }

  // Puts words (of a message that was taken back, of a macro) where they can be written on; keeps what is there.
  take(text, mode = this.mode, files = []) {
    const key = `${this.draft}:${mode}`;
    const there = kept.get(key, "");
    kept.set(key, there.trim() ? `${there}\n${text}` : text);
    kept.set(`${key}:files`, [...kept.get(`${key}:files`, []), ...files]);
    this.choose(mode);
  }

  #labels() {
    const note = this.mode === "note";
    this.root.dataset.mode = this.mode;
    this.reply.setAttribute("aria-pressed", !note);
    this.note.setAttribute("aria-pressed", note);
    this.area.setAttribute("aria-label", t(note ? "write_note" : "write_reply"));
    this.area.placeholder = t(note ? "write_note" : "write_reply");
    fill(this.go, h("span", {}, t(note ? "save_note" : this.loud ? "send_anyway" : "send")), icon("send"));
    fill(this.hint, note ? t("only_colleagues") : this.why);
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") this.area.blur();
    else if (event.key === "/" && !this.area.value) this.macros();
    else if (event.key === "Enter" && !event.shiftKey) this.#submit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #submit() {
    const text = this.area.value.trim();
    if (this.go.disabled || (!text && !this.files.length)) return this.area.focus();
    const mode = this.mode === "note" ? "note" : this.loud ? "send" : "auto";
    const files = this.files;
    this.area.value = "";
    kept.set(`${this.draft}:${this.mode}`, null);
    this.#keepFiles([]);
    this.send({ text, mode, files: files.map((file) => file.id), names: files.map((file) => file.name), replyTo: this.answered?.seq });
    this.answer(null);
  }

  // What is written next answers this message {seq, name, text}; null for none.
  answer(message, mode = this.mode) {
    this.answered = message;
    this.above.hidden = !message;
    fill(this.above, message && [h("b", { dir: "auto" }, t("answers", message)), h("span", { dir: "auto" }, message.text), h("button", { type: "button", "aria-label": t("no_answer"), title: t("no_answer"), onclick: () => this.answer(null) }, "×")]);
    this.choose(mode);
  }

  async #attach(files) {
    if (!files.length) return;
    this.picker.value = "";
    this.problem.hidden = true;
    const mode = this.mode; // a file stays with the draft that it was given to
    this.go.disabled = true;
    for (const file of files) {
      try {
        const { id, name } = await upload(file);
        const key = `${this.draft}:${mode}:files`;
        kept.set(key, [...kept.get(key, []), { id, name }]);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        fill(this.problem, `${file.name}: ${error.message}`);
        this.problem.hidden = false;
      }
      this.files = kept.get(`${this.draft}:${this.mode}:files`, []);
      this.#chips();
    }
    this.go.disabled = false;
  }

  #keepFiles(files) {
    this.files = files;
    kept.set(`${this.draft}:${this.mode}:files`, files);
    this.#chips();
  }

  #chips() {
    const drop = (file) => () => this.#keepFiles(this.files.filter((other) => other !== file));
    fill(
      this.chips,
      this.files.map((file) => h("span", { class: "chip" }, file.name, h("button", { type: "button", "aria-label": t("remove_file", { name: file.name }), onclick: drop(file) }, "×"))),
    );
  }
}

// Where the visitor writes and attaches. Owns the draft, which outlives a reload, and uploads.

import { fill, h } from "../dom.js";
import { t } from "./words.js";

const TYPING = 3000;

export class Composer {
  #files = [];
  #typed = 0;

  // `does`: submit({text, attachments}), typing(), say(words).
  constructor(wire, does) {
    Object.assign(this, { wire, does });
    const draft = wire.kept("draft", {});
    this.#files = (draft.files ?? []).map((file) => ({ ...file, percent: 100 }));
    this.area = h("textarea", { rows: 1, dir: "auto", placeholder: t("write_here"), "aria-label": t("write_here"), value: draft.text ?? "" });
    this.chips = h("ul", { class: "chips" });
    this.picker = h("input", { type: "file", multiple: true, hidden: true });
    const attach = h("button", { type: "button", class: "attach", "aria-label": t("attach"), title: t("attach"), onclick: () => this.picker.click() }, "+");
    const send = h("button", { type: "submit", class: "send", "aria-label": t("send"), title: t("send") });
    this.element = h("form", { class: "composer" }, this.chips, attach, this.picker, this.area, send);
    this.#listen();
    this.#draw();
  }

  #listen() {
    this.picker.addEventListener("change", () => {
      this.attach([...this.picker.files]);
      this.picker.value = "";
    });
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.area.addEventListener("input", () => {
      this.#keep();
      this.grow();
      if (Date.now() - this.#typed < TYPING || !this.area.value.trim()) return;
      this.#typed = Date.now();
      this.does.typing();
    });
    this.area.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    this.area.addEventListener("paste", (event) => {
      const files = [...event.clipboardData.files];
      if (!files.length) return;
      event.preventDefault();
      this.attach(files);
    });
  }

  // Text that comes back to be changed, before what is being written.
  take(text, files = []) {
    this.area.value = [text, this.area.value].filter((words) => words.trim()).join("\n");
    this.#files.push(...files.map((file) => ({ ...file, percent: 100 })));
    this.#keep();
    this.#draw();
    this.grow();
    this.area.focus();
  }

  attach(files) {
    for (const file of files) {
      const chip = { file, name: file.name, type: file.type, percent: 0 };
      if (file.type.startsWith("image/")) chip.preview = URL.createObjectURL(file);
      this.#files.push(chip);
      this.#upload(chip);
    }
    this.#draw();
  }

  grow() {
    this.area.style.height = "auto";
    this.area.style.height = `${Math.min(this.area.scrollHeight + 2, 160)}px`;
  }

  #send() {
    const text = this.area.value.trim();
    this.waits = this.#files.some((chip) => !chip.id && !chip.failed);
    if (this.waits) this.does.say(t("upload_waits"));
    const files = this.#files.filter((chip) => chip.id);
    if (this.waits || (!text && !files.length)) return;
    this.does.submit({ text, attachments: files.map(({ id, name, type }) => ({ id, name, type })) });
    files.forEach((chip) => this.#release(chip));
    this.#files = this.#files.filter((chip) => !chip.id);
    this.area.value = "";
    this.#typed = 0;
    this.#keep();
    this.#draw();
    this.grow();
  }

  async #upload(chip) {
    chip.failed = null;
    try {
      if (!this.wire.token) await this.wire.enter();
      const kept = await this.wire.upload(chip.file, (percent) => {
        chip.percent = percent;
        if (chip.bar) chip.bar.value = percent;
      });
      Object.assign(chip, kept, { percent: 100 });
    } catch (error) {
      chip.failed = error.message;
    }
    this.#keep();
    this.#draw();
    if (this.waits && this.#files.every((one) => one.id || one.failed)) {
      this.waits = false;
      this.does.say(null);
      if (!this.#files.some((one) => one.failed)) this.#send();
    }
  }

  #drop(chip) {
    this.#release(chip);
    this.#files = this.#files.filter((other) => other !== chip);
    this.#keep();
    this.#draw();
    this.area.focus();
  }

  #release(chip) {
    if (chip.preview) URL.revokeObjectURL(chip.preview);
  }

  // No browser gives back, after a reload, a file that is still on its way.
  #keep() {
    const files = this.#files.filter((chip) => chip.id).map(({ id, name, type }) => ({ id, name, type }));
    this.wire.keep("draft", this.area.value || files.length ? { text: this.area.value, files } : null);
  }

  #draw() {
    fill(this.chips, this.#files.map((chip) => this.#chip(chip)));
  }

  #chip(chip) {
    chip.bar = null;
    if (!chip.id && !chip.failed) chip.bar = h("progress", { max: 100, value: chip.percent, "aria-label": chip.name });
    return h(
      "li",
      { class: chip.failed ? "failed" : "" },
      chip.preview && h("img", { src: chip.preview, alt: "" }),
      h("span", {}, chip.name, chip.failed && `: ${chip.failed}`),
      chip.bar,
      chip.failed && h("button", { type: "button", "aria-label": t("retry", chip), onclick: () => (this.#upload(chip), this.#draw()) }, "↻"),
      h("button", { type: "button", "aria-label": t("remove", chip), onclick: () => this.#drop(chip) }, "×"),
    );
  }
}

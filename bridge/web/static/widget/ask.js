// Asks for an address when nobody has answered in time, once a dialog. Owns when.

import { fill, h } from "../dom.js";
import { t } from "./words.js";

const AWAY = 15 * 60_000; // an answer that is due so much later means that nobody is there
const GRACE = 2000;
const LONGEST = 2 ** 31 - 1; // setTimeout knows no more

export class Ask {
  #timer = null;
  #dialog = null;

  constructor(wire, log) {
    Object.assign(this, { wire, log });
    this.element = h("section", { class: "ask", hidden: true });
  }

  expect({ dialog, due_at, reachable }) {
    clearTimeout(this.#timer);
    this.#dialog = dialog;
    if (!dialog || !due_at || reachable || this.wire.kept("asked") === dialog) return;
    const left = Date.parse(due_at) - Date.now();
    const wait = left > AWAY ? GRACE : Math.max(left, 0) + GRACE;
    this.#timer = setTimeout(() => !this.log.answered && this.#open(left > AWAY), Math.min(wait, LONGEST));
  }

  settle() {
    clearTimeout(this.#timer);
    if (!this.field?.value) this.element.hidden = true;
  }

  #open(away) {
    if (!this.element.hidden) return;
    this.field = h("input", { type: "email", required: true, autocomplete: "email", "aria-label": t("email"), placeholder: t("email"), maxlength: 254 });
    this.problem = h("p", { class: "failed", role: "alert" });
    const leave = h("form", {}, this.field, h("button", { type: "submit", class: "main" }, t("leave")), h("button", { type: "button", onclick: () => this.#close() }, t("no_thanks")));
    leave.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#tell(this.field.value.trim());
    });
    fill(this.element, h("p", { role: "status" }, t(away ? "ask_away" : "ask")), leave, this.problem);
    this.element.hidden = false;
  }

  async #tell(email) {
    try {
      await this.wire.post("contact", { email });
      this.wire.keep("asked", this.#dialog);
      fill(this.element, h("p", { role: "status" }, t("thanks", { email })));
      setTimeout(() => (this.element.hidden = true), 8000);
    } catch (error) {
      this.problem.textContent = error.message;
    }
  }

  #close() {
    this.wire.keep("asked", this.#dialog);
    this.element.hidden = true;
  }
}

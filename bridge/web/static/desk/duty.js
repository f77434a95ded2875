// Whether I am on duty. Owns the switch, and repeating that I am there for as long as the desk is open.
// Who opens the desk is on duty until he says otherwise; a browser remembers what he said.

import { post } from "../api.js";
import { fill, kept } from "../dom.js";
import { t } from "../words.js";

const AGAIN = 4 * 60_000; // a sign of life counts for a quarter of an hour

export class Duty {
  constructor(desk, button) {
    this.desk = desk;
    this.button = button;
    this.key = `duty:${desk.me.id}`;
    this.on = kept.get(this.key, "on") === "on";
    button.hidden = false;
    button.addEventListener("click", () => this.set(!this.on));
    setInterval(() => this.on && this.tell(), AGAIN);
    this.#draw();
    this.tell();
  }

  async set(on) {
    this.on = on;
    kept.set(this.key, on ? null : "off");
    this.#draw();
    await this.tell();
    this.desk.health.look(true);
  }

  // After a lost line too: what Redis forgot meanwhile is said again.
  async tell() {
    try {
      await post("me/duty", { on: this.on });
      this.#draw();
    } catch (error) {
      this.#draw(error.message);
    }
  }

  #draw(problem = "") {
    this.button.setAttribute("aria-checked", this.on);
    this.button.title = problem || t(this.on ? "duty_on_hint" : "duty_off_hint");
    fill(this.button, t(this.on ? "on_duty" : "off_duty"), problem && " ?");
  }
}

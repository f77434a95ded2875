// Who else looks at a dialog and types in it. Owns telling that I do, and the line that says that others do.

import { ApiError, post } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../words.js";

const BEAT = 6000; // a sign counts for ten seconds
const TYPING = 3000;

export class Here {
  root = h("p", { class: "here", role: "status" });
  #told = 0;
  #typed = 0;

  constructor(desk, dialog, composer) {
    Object.assign(this, { desk, dialog, composer });
    composer.area.addEventListener("input", () => {
      this.#typed = composer.area.value ? Date.now() : 0;
      this.soon ??= setTimeout(() => this.#tell(), Math.max(0, this.#told + TYPING - Date.now()));
    });
    this.beat = setInterval(() => this.#tell(), BEAT);
    this.#tell();
  }

  // What was typed is sent: nobody is to wait for more of it.
  sent() {
    this.#typed = 0;
    clearTimeout(this.soon);
    this.#tell();
  }

  leave() {
    clearInterval(this.beat);
    clearTimeout(this.soon);
  }

  show(everybody) {
    const others = everybody.filter(({ kind, id }) => kind !== "agent" || id !== this.desk.me.id);
    const names = (some) => some.map(({ name }) => name || t("visitor")).join(", ");
    const typing = others.filter((one) => one.typing);
    const viewing = others.filter((one) => one.kind === "agent" && !one.typing);
    this.root.classList.toggle("busy", typing.some((one) => one.kind === "agent"));
    fill(this.root, typing.length ? t("types_here", { names: names(typing), n: typing.length }) : "", " ", viewing.length ? t("views_here", { names: names(viewing), n: viewing.length }) : "");
  }

  async #tell() {
    this.soon = null;
    if (!this.desk.works || document.visibilityState === "hidden") return;
    this.#told = Date.now();
    const typing = Date.now() - this.#typed < TYPING + 1000;
    try {
      const { here } = await post(`dialogs/${this.dialog}/here`, { typing, private: this.composer.mode === "note" });
      this.show(here);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // who is there is worth no complaint
    }
  }
}

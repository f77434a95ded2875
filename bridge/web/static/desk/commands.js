// The command bar and the help sheet. Owns finding an action, a macro or a dialog by a few letters.

import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { stamp } from "../time.js";
import { t } from "../words.js";
import { label, possible } from "./actions.js";
import { marked } from "./rows.js";

const APPLE = /Mac|iP(hone|ad)/.test(navigator.platform);
const NAMES = { "mod+k": APPLE ? "⌘ K" : "Ctrl K", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
const WAIT = 150;

export class Commands {
  constructor(desk, actions) {
    this.desk = desk;
    this.actions = actions;
  }

  // `only` "macros" leaves out everything else.
  open(only = null) {
    this.only = only;
    this.found = [];
    this.macros = [];
    this.input = h("input", { type: "search", role: "combobox", "aria-expanded": "true", "aria-controls": "commands", "aria-label": t("command_bar"), placeholder: t(only ? "find_macro" : "find_command"), autocomplete: "off", spellcheck: "false" });
    this.options = h("ul", { id: "commands", role: "listbox", "aria-label": t("command_bar") });
    this.window = h("dialog", { class: "palette", "aria-label": t("command_bar"), onclose: () => this.window.remove() }, this.input, this.options);
    this.window.addEventListener("click", (event) => event.target === this.window && this.window.close());
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    document.body.append(this.window);
    this.window.showModal();
    this.#draw();
    this.desk.subject?.macros?.all().then((macros) => {
      this.macros = macros;
      this.#draw();
    });
  }

  help() {
    const groups = ["go", "dialog", "desk"].map((group) => {
      const rows = this.actions.filter((action) => action.group === group && action.keys.length);
      return h("section", {}, h("h3", {}, t(`keys_${group}`)), h("dl", {}, rows.map((action) => [h("dt", {}, caps(action.keys[0])), h("dd", {}, t(`do_${action.name}`))])));
    });
    const sheet = h("dialog", { class: "sheet", "aria-label": t("do_help"), onclose: () => sheet.remove() });
    const close = h("button", { type: "button", onclick: () => sheet.close() }, t("close"));
    fill(sheet, h("header", {}, h("h2", {}, t("do_help")), close), h("div", { class: "groups" }, groups), h("p", { class: "quiet" }, t("keys_rest")));
    sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
    document.body.append(sheet);
    sheet.showModal();
  }

  #typed() {
    this.chosen = 0;
    this.#draw();
    clearTimeout(this.waiting);
    const words = this.input.value.trim();
    if (this.only || words.length < 2) return void (this.found = []);
    this.waiting = setTimeout(async () => {
      const { items } = await get(`search?${new URLSearchParams({ q: words, limit: 8 })}`).catch(() => ({ items: [] }));
      if (words !== this.input.value.trim()) return;
      this.found = items;
      this.#draw();
    }, WAIT);
  }

  #key(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) this.chosen = (this.chosen + by + this.rows.length) % (this.rows.length || 1);
    else if (event.key === "Enter" && !event.isComposing) this.#run(this.rows[this.chosen]);
    else return;
    event.preventDefault();
    if (by) this.#choose();
  }

  #draw() {
    const words = this.input.value.trim().toLowerCase().split(/\s+/);
    const fits = (text) => words.every((word) => text.toLowerCase().includes(word));
    const macros = this.macros
      .filter((macro) => fits(`${macro.title} ${macro.name} ${macro.text} ${t("macro")}`))
      .map((macro) => ({ group: "macro", words: macro.title, aside: macro.text, run: () => this.desk.subject?.use(macro) }));
    const actions = this.actions
      .filter((action) => !this.only && !action.quiet && possible(action))
      .map((action) => ({ group: action.group, words: label(action), keys: action.keys[0], run: () => this.desk.run(action) }))
      .filter((row) => fits(row.words));
    const found = this.found.map(({ dialog, seq, snippet, ticket }) => ({
      group: "found",
      words: dialog.contact.name || t("visitor"),
      aside: ticket ? `#${ticket.number} ${ticket.title}` : marked(snippet || dialog.preview, this.input.value.trim()),
      at: dialog.changed_at,
      run: () => this.desk.go("dialog", seq ? `${dialog.id}/${seq}` : dialog.id),
    }));
    this.rows = [...found.slice(0, 3), ...actions, ...macros, ...found.slice(3)];
    this.chosen = Math.min(this.chosen ?? 0, Math.max(0, this.rows.length - 1));
    fill(
      this.options,
      this.rows.map((row, place) =>
        h(
          "li",
          { id: `command-${place}`, role: "option", class: row.group, onclick: () => this.#run(row), onpointermove: () => this.chosen !== place && this.#choose((this.chosen = place)) },
          h("span", { class: "kind" }, t(`command_${row.group}`)),
          h("b", { dir: "auto" }, row.words),
          row.aside && h("span", { class: "aside", dir: "auto" }, row.aside),
          row.keys && caps(row.keys),
          row.at && stamp(row.at),
        ),
      ),
      !this.rows.length && h("li", { class: "empty" }, t(this.only ? "no_macros" : "nothing_found")),
    );
    this.#choose();
  }

  #choose() {
    [...this.options.children].forEach((option, place) => option.setAttribute("aria-selected", place === this.chosen));
    this.options.children[this.chosen]?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", this.rows.length ? `command-${this.chosen}` : "");
  }

  #run(row) {
    if (!row) return;
    this.window.close();
    row.run();
  }
}

// "g q" as two keys.
export function caps(keys) {
  return h("span", { class: "caps" }, keys.split(" ").flatMap((key) => (NAMES[key] ?? key).split(" ")).map((key) => h("kbd", {}, key.length === 1 ? key.toUpperCase() : key)));
}

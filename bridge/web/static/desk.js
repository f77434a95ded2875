// The agents' desk. Owns which subject is shown, and what is read again when something changes.

import "./words/bot.js";
import "./words/desk.js";
import "./words/talk.js";
import { act, get, post } from "./api.js";
import { fill, h } from "./dom.js";
import { button } from "./forms.js";
import { Live } from "./live.js";
import { tick } from "./time.js";
import { speak, t, translate } from "./words.js";
import { actions, possible } from "./desk/actions.js";
import { Alerts } from "./desk/alerts.js";
import { Commands } from "./desk/commands.js";
import { DialogView } from "./desk/dialog.js";
import { Duty } from "./desk/duty.js";
import { Health } from "./desk/health.js";
import { icon } from "./desk/icons.js";
import { listen } from "./desk/keys.js";
import { Lists } from "./desk/lists.js";
import { TicketView } from "./desk/ticket.js";
import { Unsent } from "./desk/unsent.js";
import { WishView } from "./desk/wish.js";

const VIEWS = { dialog: DialogView, ticket: TicketView, wish: WishView };
const at = (id) => document.getElementById(id);
const main = document.querySelector("main");

export class Desk {
  subject = null;

  async start() {
    [this.me, this.lines] = await Promise.all([get("me"), get("lines")]);
    speak(this.me.language);
    translate(document);
    fill(at("me"), this.me.name);
    fill(at("find"), icon("search"), h("span", {}, t("find_command")), h("kbd", {}, "Ctrl K"));
    this.health = new Health(this, at("health"));
    this.unsent = new Unsent(this.me.id, (dialog, acknowledged) => this.#moved(dialog, acknowledged));
    this.alerts = new Alerts(this, at("alerts"));
    this.duty = this.works && this.me.lines.length ? new Duty(this, at("duty")) : null;
    this.lists = new Lists(this, at("views"), at("list"));
    this.#listen();
    this.live = new Live(
      (connected) => this.#connected(connected),
      () => location.assign("/login"),
      ({ dialog, here }) => this.subject?.key === `dialog:${dialog}` && this.subject.here.show(here),
    );
    tick();
    addEventListener("hashchange", () => this.route());
    this.route();
  }

  #listen() {
    const all = actions(this);
    this.commands = new Commands(this, all);
    listen(() => all.filter(possible), (action) => this.run(action));
    at("find").addEventListener("click", () => this.commands.open());
    at("keys").addEventListener("click", () => {
      at("menu").open = false;
      this.commands.help();
    });
    addEventListener("click", ({ target }) => at("menu").contains(target) || (at("menu").open = false));
  }

  #connected(connected) {
    at("live").dataset.connected = connected;
    document.body.dataset.live = connected;
    fill(at("live"), connected ? t("live") : t("reconnecting"));
    this.health.live(connected);
    if (!connected) return;
    this.unsent.resume();
    this.duty?.tell();
  }

  // A reply of mine went on its way, or did not.
  async #moved(dialog, acknowledged = false) {
    const shown = this.subject?.key === `dialog:${dialog}` && this.subject;
    if (shown && acknowledged) await shown.read();
    if (shown) shown.draw();
    this.health.draw();
  }

  route() {
    const [, kind, id, seq] = /^#(dialog|ticket|wish)\/(\w+)(?:\/(\d+))?$/.exec(location.hash) ?? [];
    this.subject?.leave?.();
    this.subject = kind ? new VIEWS[kind](this, id, at("subject"), at("side"), seq) : null;
    main.dataset.view = kind ? "subject" : "list";
    main.removeAttribute("data-side");
    if (!kind) {
      fill(at("subject"), h("div", { class: "empty" }, h("p", {}, t("choose_dialog")), h("p", {}, t("choose_hint"))));
      fill(at("side"));
    }
    this.watch();
    this.lists.draw();
  }

  watch() {
    const mine = () => {
      this.lists.mine = null;
      return this.lists.read();
    };
    const wanted = { [`agent:${this.me.id}`]: mine, desk: () => this.refresh() };
    if (this.subject) wanted[this.subject.key] = () => this.subject?.read();
    this.live.show(wanted);
    this.subject?.read(); // at once; the stream reads again when it opens
  }

  async refresh() {
    await Promise.all([this.lists.read(), this.health.look()]);
    await this.subject?.around?.();
  }

  go(kind, place) {
    location.hash = `#${kind}/${place}`;
  }

  // A phone shows one thing at a time: the list instead of what is open.
  list() {
    if (!at("list").checkVisibility()) location.hash = "";
  }

  leave() {
    if (main.hasAttribute("data-side")) main.removeAttribute("data-side");
    else location.hash = "";
  }

  line(name) {
    return this.lines.find((line) => line.name === name) ?? { name, title: name, speaks: true };
  }

  // Developers look, and work on wishes only.
  get works() {
    return this.me.role !== "developer";
  }

  // Claims the most urgent dialog of my lines.
  async next() {
    for (const line of this.me.lines) {
      const { dialog } = await post(`lines/${encodeURIComponent(line)}/next`);
      if (dialog) return this.go("dialog", dialog);
    }
    throw new Error(t("nobody_waits"));
  }

  async act(kind, id, action, fields) {
    const outcome = await act(kind, id, action, fields);
    await Promise.all([this.subject?.read(), this.lists.read()]);
    return outcome;
  }

  // What a key or the command bar has asked for; what went wrong is said where it is seen.
  async run(action) {
    try {
      await action.run();
    } catch (error) {
      this.say(error.message);
    }
  }

  say(words) {
    clearTimeout(this.saying);
    fill(at("toast"), words);
    at("toast").hidden = false;
    this.saying = setTimeout(() => (at("toast").hidden = true), 6000);
  }
}

const desk = new Desk();
desk.start().catch((error) => {
  fill(at("subject"), h("p", { class: "problem", role: "alert" }, error.message), button(t("try_again"), () => location.reload()));
});

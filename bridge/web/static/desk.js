// The agents' desk. Owns which subject is shown, and what is read again when something changes.

import "./words/bot.js";
import { act, get, post } from "./api.js";
import { fill, h } from "./dom.js";
import { button } from "./forms.js";
import { Live } from "./live.js";
import { tick } from "./time.js";
import { speak, t, translate } from "./words.js";
import { DialogView } from "./desk/dialog.js";
import { Lists } from "./desk/lists.js";
import { TicketView } from "./desk/ticket.js";
import { WishView } from "./desk/wish.js";

const VIEWS = { dialog: DialogView, ticket: TicketView, wish: WishView };
const at = (id) => document.getElementById(id);

export class Desk {
  subject = null;

  async start() {
    [this.me, this.lines] = await Promise.all([get("me"), get("lines")]);
    speak(this.me.language);
    translate(document);
    fill(at("me"), this.me.name);
    this.lists = new Lists(this, at("list"));
    this.live = new Live(
      (connected) => {
        at("live").dataset.connected = connected;
        fill(at("live"), connected ? t("live") : t("reconnecting"));
      },
      () => location.assign("/login"),
    );
    tick();
    addEventListener("hashchange", () => this.route());
    this.route();
  }

  route() {
    const [, kind, id] = /^#(dialog|ticket|wish)\/(\w+)$/.exec(location.hash) ?? [];
    this.subject?.leave?.();
    this.subject = kind ? new VIEWS[kind](this, id, at("subject"), at("side")) : null;
    document.querySelector("main").dataset.view = kind ? "subject" : "list";
    document.querySelector("main").removeAttribute("data-side");
    if (!kind) {
      fill(at("subject"), h("p", { class: "empty" }, t("choose_dialog")));
      fill(at("side"));
    }
    this.watch();
    this.lists.draw();
  }

  watch() {
    const wanted = { desk: () => this.refresh() };
    if (this.subject) wanted[this.subject.key] = () => this.subject?.read();
    this.live.show(wanted);
    this.subject?.read(); // at once; the stream reads again when it opens
  }

  async refresh() {
    await Promise.all([this.lists.read(), this.#health()]);
    await this.subject?.around?.();
  }

  go(kind, id) {
    location.hash = `#${kind}/${id}`;
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

  #looked = 0;

  // What stops answers from arriving, looked at no oftener than every 15 s.
  async #health() {
    if (!this.works || Date.now() - this.#looked < 15_000) return;
    this.#looked = Date.now();
    const [failed, late, found] = await Promise.all([get("outbox?state=failed"), get("outbox?state=delayed&state=unknown"), get("findings")]);
    const findings = found.items;
    fill(
      at("health"),
      this.#alarm(t("failed_posts", { n: failed.items.length }), failed.items),
      this.#alarm(t("late_posts", { n: late.items.length }), late.items),
      this.#alarm(t("findings", { n: findings.length }), findings),
    );
  }

  #alarm(words, items) {
    if (!items.length) return null;
    const rows = items.slice(0, 20).map((item) => {
      const dialog = item.dialog ?? /^dialog:(\w+)$/.exec(item.subject ?? "")?.[1];
      const text = `${item.reason || item.kind}`;
      return h("li", {}, dialog ? h("a", { href: `#dialog/${dialog}` }, text) : text);
    });
    return h("details", { class: "alarm" }, h("summary", {}, words), h("ul", {}, rows));
  }
}

const desk = new Desk();
desk.start().catch((error) => {
  fill(at("subject"), h("p", { class: "problem", role: "alert" }, error.message), button(t("try_again"), () => location.reload()));
});

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]") && document.activeElement === document.body) location.hash = "";
});

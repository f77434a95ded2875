// <bridge-chat channel="shop">: the chat, in the corner of somebody's page or filling one. Owns the frame and the event
// stream; the parts own the rest.

import { h } from "../dom.js";
import { follow } from "../stream.js";
import { Ask } from "./ask.js";
import { Bell } from "./bell.js";
import { Composer } from "./composer.js";
import { Log } from "./log.js";
import { Outbox } from "./outbox.js";
import { style } from "./style.js";
import { Wire } from "./wire.js";
import { choose, t } from "./words.js";

const HOME = new URL("../..", import.meta.url);
const FADE = 6000; // who was typing and has fallen silent
const FRESH = 10 * 60_000; // links to files are good for fifteen minutes
const STOPS = "a[href], button, input:not([hidden]), textarea, [tabindex='0']";

class BridgeChat extends HTMLElement {
  #told = {};
  #since = Date.now();

  connectedCallback() {
    if (!this.shadowRoot) this.#build();
    this.gone = new AbortController();
    const { signal } = this.gone;
    document.addEventListener("visibilitychange", () => this.#seen(), { signal });
    addEventListener("online", () => this.outbox.flush(), { signal });
    addEventListener("storage", ({ key }) => key === `bridge:${this.wire.name}:token` && this.#otherTab(), { signal });
    this.renewing = setInterval(() => this.log.hasFiles && this.#restart(0), FRESH);
    if (this.wire.identity && !this.wire.token) this.#enter();
    this.#listen();
    this.outbox.flush();
  }

  disconnectedCallback() {
    this.gone.abort();
    clearInterval(this.renewing);
    this.#hush();
  }

  open() {
    this.#show(true);
    this.composer.area.focus();
  }

  close() {
    this.#show(false);
    this.launcher.focus();
  }

  #build() {
    choose(this.dataset.lang, document.documentElement.lang, ...navigator.languages);
    this.corner = this.dataset.mode !== "page";
    this.wire = new Wire(HOME, this.getAttribute("channel"), identity(this.dataset), () => this.#restart(0));
    this.landing = landing(this.wire);
    this.bell = new Bell();
    this.outbox = new Outbox(this.wire, () => {
      this.#listen();
      this.log.draw();
    });
    this.log = new Log(this.wire, this.outbox, {
      press: ({ command, label }) => this.#say({ text: label, command }),
      again: (item) => this.outbox.again(item),
      take: (item) => {
        this.outbox.take(item);
        this.composer.take(item.text, item.attachments);
      },
    });
    this.composer = new Composer(this.wire, {
      submit: (said) => this.#say(said),
      typing: () => !this.log.empty && this.wire.token && this.wire.post("typing").catch(() => {}),
      say: (words) => this.#note(words),
    });
    this.ask = new Ask(this.wire, this.log);
    this.#frame();
    this.log.draw();
    this.#show(!this.corner || ("open" in this.dataset && innerWidth > 700));
  }

  #frame() {
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
    const button = (name, props, ...content) => h("button", { type: "button", "aria-label": t(name), title: t(name), ...props }, ...content);
    this.badge = h("span", { class: "badge", "aria-hidden": "true", hidden: true });
    this.launcher = button("open", { class: "launcher", "aria-expanded": "false", onclick: () => (this.panel.hidden ? this.open() : this.close()) }, this.badge);
    this.sound = button("sound", { class: "sound", "aria-pressed": String(this.bell.on), onclick: () => this.#mute() });
    const shut = this.corner && button("close", { class: "shut", onclick: () => this.close() }, "×");
    this.typist = h("p", { class: "typing", role: "status" });
    this.state = h("p", { class: "state", role: "status", hidden: true });
    this.newer = h("button", { type: "button", class: "newer", hidden: true, onclick: () => this.#down() }, t("newer"));
    const head = h("div", { class: "top" }, h("div", {}, h("h2", {}, t("title")), h("p", {}, t("lead"))), this.sound, shut);
    const kind = this.corner ? { role: "dialog", "aria-modal": "false" } : {};
    this.panel = h("section", { class: "chat", "aria-label": t("chat"), ...kind }, head, this.log.element, this.newer, this.typist, this.ask.element, this.state, this.composer.element);
    this.panel.dir = getComputedStyle(document.documentElement).direction;
    root.append(...(this.corner ? [this.launcher, this.panel] : [this.panel]));
    this.log.element.addEventListener("scroll", () => this.log.low && (this.newer.hidden = true));
    this.panel.addEventListener("keydown", (event) => this.corner && this.#key(event));
    this.panel.addEventListener("pointerdown", () => this.bell.ready());
    this.panel.addEventListener("keydown", () => this.bell.ready(), { once: true });
    this.#dropping();
  }

  #dropping() {
    for (const kind of ["dragover", "dragleave", "drop"])
      this.panel.addEventListener(kind, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        this.panel.classList.toggle("over", kind === "dragover");
        if (kind === "drop") this.composer.attach([...event.dataTransfer.files]);
      });
  }

  // Escape closes; Tab stays inside until then.
  #key(event) {
    event.stopPropagation(); // no shortcut of the page is meant
    if (event.key === "Escape" && !event.isComposing) this.close();
    if (event.key !== "Tab") return;
    const stops = [...this.panel.querySelectorAll(STOPS)].filter((stop) => stop.checkVisibility());
    const [first, last] = [stops[0], stops.at(-1)];
    if (this.shadowRoot.activeElement !== (event.shiftKey ? first : last)) return;
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }

  #say(said) {
    const page = `${location.origin}${location.pathname}${this.landing.campaign}`.slice(0, 2000);
    this.outbox.add({ ...said, page, referrer: this.landing.referrer });
    this.#down();
  }

  async #enter() {
    try {
      this.ask.expect(await this.wire.enter());
      this.#listen();
    } catch (error) {
      if (!error.passing) this.#note(error.message);
      else setTimeout(() => this.isConnected && !this.stream && this.#enter(), 5000);
    }
  }

  #listen() {
    if (this.stream || !this.wire.token || !this.isConnected) return;
    this.stream = follow(() => new URL(`events?after=${this.log.last}`, this.wire.base), {
      headers: () => this.wire.headers(),
      open: () => {
        this.#note(null);
        this.outbox.flush();
      },
      event: ({ event, id, data }) => (event === "typing" ? this.#typing(data.name) : this.#hear(data, Number(id))),
      down: () => this.#note(t("offline")),
      refused: (status) => [401, 403].includes(status) && this.#enter(),
    });
  }

  #restart(from) {
    this.#hush();
    this.log.last = from;
    this.#listen();
  }

  #hush() {
    this.stream?.close();
    this.stream = null;
  }

  #otherTab() {
    this.wire.token = this.wire.kept("token");
    this.#restart(0);
  }

  #hear(message, rev) {
    const low = this.log.low;
    const news = this.log.hear(message, rev);
    if (news) {
      this.#typing(null);
      if (Date.parse(message.said_at) > this.#since) this.bell.ring();
      if (message.author.kind === "agent") this.ask.settle();
      this.newer.hidden = low || this.panel.hidden;
    }
    clearTimeout(this.owing);
    this.owing = setTimeout(() => !this.log.answered && this.#enter(), 1500);
    clearTimeout(this.drawing);
    this.drawing = setTimeout(() => {
      this.log.draw();
      this.log.element.setAttribute("aria-busy", "false");
      if (low) this.#down();
      this.#seen();
    });
  }

  #typing(name) {
    clearTimeout(this.fading);
    this.typist.textContent = name ? t("typing", { name }) : "";
    if (name) this.fading = setTimeout(() => this.#typing(null), FADE);
  }

  get #watched() {
    return !this.panel.hidden && document.visibilityState === "visible";
  }

  #seen() {
    if (this.#watched) this.log.see();
    const { unread } = this.log;
    this.badge.textContent = unread > 99 ? "99+" : unread;
    this.badge.hidden = !unread;
    this.launcher.setAttribute("aria-label", unread ? `${t("open")} (${unread})` : t("open"));
    this.bell.badge(unread);
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.#tell(), 200);
  }

  async #tell() {
    const last = this.log.theirs().at(-1);
    if (!last || !this.wire.token) return;
    const body = {};
    if (this.#told.delivered !== last.id) body.delivered = last.seq;
    if (this.#watched && this.#told.read !== last.id) body.read = last.seq;
    if (!Object.keys(body).length) return;
    try {
      await this.wire.post("receipts", body);
      for (const name of Object.keys(body)) this.#told[name] = last.id;
    } catch (error) {
      if (error.passing) this.telling = setTimeout(() => this.#tell(), 5000);
    }
  }

  #show(shown) {
    this.panel.hidden = !shown;
    this.launcher.setAttribute("aria-expanded", String(shown));
    this.toggleAttribute("shown", shown);
    if (!shown) return;
    this.composer.grow();
    this.#down();
    this.#seen();
  }

  #down() {
    this.log.down();
    this.newer.hidden = true;
  }

  #note(words) {
    this.state.textContent = words ?? "";
    this.state.hidden = !words;
  }

  #mute() {
    this.bell.on = !this.bell.on;
    this.sound.setAttribute("aria-pressed", String(this.bell.on));
    this.bell.ring();
  }
}

function identity({ identity: id, name = "", email = "", expires, signature = "" }) {
  return id ? { id, name, email, expires: +expires, signature } : null;
}

// How the visitor came to this site, kept for as long as he stays.
function landing(wire) {
  const key = `bridge:${wire.name}:landing`;
  const fields = new URLSearchParams(location.search);
  const campaign = new URLSearchParams([...fields].filter(([name]) => name.startsWith("utm_"))).toString();
  const elsewhere = document.referrer && new URL(document.referrer).origin !== location.origin;
  const now = { campaign: campaign && `?${campaign}`, referrer: elsewhere ? document.referrer.slice(0, 2000) : undefined };
  try {
    const before = JSON.parse(sessionStorage.getItem(key));
    const found = before && !campaign && !elsewhere ? before : now;
    sessionStorage.setItem(key, JSON.stringify(found));
    return found;
  } catch {
    return now;
  }
}

customElements.define("bridge-chat", BridgeChat);

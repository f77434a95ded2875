// <bridge-chat channel="shop">: the chat of a site. Owns a visitor's session, what he has written and not yet sent,
// and showing the conversation. Must never lose a word: it stays in the outbox until the server acknowledges it.

import { fill, h, kept, keyed, ours, prose, uuid } from "./dom.js";
import { follow } from "./stream.js";
import { choose, language, t } from "./words.js";

const home = new URL("..", import.meta.url);
const INLINE = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const clock = () => new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit" });
const day = () => new Intl.DateTimeFormat(language(), { weekday: "long", day: "numeric", month: "long" });

class Refusal extends Error {
  constructor(status, reason, after) {
    super(reason);
    Object.assign(this, { status, after });
  }

  get passing() {
    return [0, 401, 429].includes(this.status) || this.status >= 500;
  }
}

class BridgeChat extends HTMLElement {
  #messages = new Map();
  #last = 0;
  #told = { delivered: null, read: null };
  #files = [];

  connectedCallback() {
    if (this.shadowRoot) return;
    this.channel = this.getAttribute("channel");
    this.name = `chat:${this.channel}`;
    if (this.lang) choose(this.lang);
    this.outbox = kept.get(`${this.name}:outbox`, []);
    this.token = kept.get(`${this.name}:token`);
    this.#build();
    document.addEventListener("visibilitychange", () => this.#receipts());
    addEventListener("online", () => this.#flush());
    addEventListener("storage", (event) => event.key?.startsWith(`bridge:${this.name}:`) && this.#otherTab());
    if (this.token) this.#listen();
    this.#flush();
  }

  disconnectedCallback() {
    this.stream?.close();
    this.stream = null;
  }

  #build() {
    const root = this.attachShadow({ mode: "open" });
    this.log = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t("conversation"), tabindex: 0 });
    this.state = h("p", { class: "state", role: "status", hidden: true });
    this.newer = h("button", { type: "button", class: "newer", hidden: true, onclick: () => this.#down() }, t("new_messages"));
    this.area = h("textarea", { rows: 1, dir: "auto", placeholder: t("write_here"), "aria-label": t("write_here"), value: kept.get(`${this.name}:draft`, "") });
    this.chips = h("div", { class: "chips" });
    this.picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => this.#attach([...this.picker.files]) });
    const attach = h("button", { type: "button", class: "attach", "aria-label": t("attach"), title: t("attach"), onclick: () => this.picker.click() }, "+");
    const send = h("button", { type: "submit", class: "send", "aria-label": t("send"), title: t("send") });
    const form = h("form", {}, this.chips, attach, this.picker, this.area, send);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.area.addEventListener("input", () => {
      kept.set(`${this.name}:draft`, this.area.value);
      this.#grow();
    });
    this.area.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.area.addEventListener("paste", (event) => this.#attach([...event.clipboardData.files]));
    this.log.addEventListener("scroll", () => this.#low() && (this.newer.hidden = true));
    const style = h("link", { rel: "stylesheet", href: new URL("static/chat.css", home).href });
    const frame = h("section", { class: "chat", hidden: true, "aria-label": t("chat") }, h("header", {}, h("h2", {}, t("chat_title")), h("p", {}, t("chat_lead"))), this.log, this.newer, this.state, form);
    style.addEventListener("load", () => {
      frame.hidden = false;
      this.#grow();
      this.#down();
    });
    root.append(style, frame);
    this.#draw();
  }

  // --- talking to the server

  async #call(path, body, headers = {}) {
    let response;
    const raw = body instanceof Blob;
    try {
      response = await fetch(new URL(`site/${encodeURIComponent(this.channel)}/${path}`, home), {
        method: "POST",
        headers: { ...(raw ? {} : { "Content-Type": "application/json" }), ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}), ...headers },
        body: raw ? body : JSON.stringify(body),
        signal: AbortSignal.timeout(raw ? 120_000 : 20_000),
      });
    } catch {
      throw new Refusal(0, t("offline"));
    }
    if (response.status === 204) return null;
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    throw new Refusal(response.status, answer.error?.reason ?? t("server_error", { status: response.status }), Number(response.headers.get("Retry-After")));
  }

  // A session is made when the visitor first writes: who only looks costs nothing and is not remembered.
  #enter() {
    this.entering ??= (async () => {
      const answer = await this.#call("session", { token: this.token ?? undefined, language: language() });
      if (answer.token !== this.token) {
        this.token = answer.token;
        kept.set(`${this.name}:token`, this.token);
        this.stream?.close();
        this.stream = null;
      }
      this.#listen();
    })().finally(() => (this.entering = null));
    return this.entering;
  }

  #listen() {
    if (this.stream || !this.token || !this.isConnected) return;
    this.stream = follow(() => new URL(`site/${encodeURIComponent(this.channel)}/events?after=${this.#last}`, home), {
      headers: () => ({ Authorization: `Bearer ${this.token}` }),
      open: () => {
        this.#say(null);
        this.#flush();
      },
      event: ({ event, id, data }) => event === "message" && this.#hear(data, Number(id)),
      down: () => this.#say(t("chat_offline")),
      refused: (status) => [401, 403].includes(status) && this.#enter().catch(() => {}),
    });
  }

  #hear(message, rev) {
    const low = this.#low();
    const known = this.#messages.has(message.id);
    this.#last = Math.max(this.#last, rev || message.rev || 0);
    this.#messages.set(message.id, message);
    this.outbox = this.outbox.filter((item) => item.client_id !== message.client_id && item.id !== message.id);
    this.#keep();
    clearTimeout(this.drawing);
    this.drawing = setTimeout(() => {
      this.#draw();
      if (low) this.#down();
      else if (!known && message.author.kind !== "contact") this.newer.hidden = false;
      this.#receipts();
    });
  }

  // What has arrived, and what has been seen, up to the newest message from the other side.
  #receipts() {
    clearTimeout(this.receipting);
    this.receipting = setTimeout(async () => {
      const theirs = this.#sorted().filter((message) => message.author.kind !== "contact").at(-1);
      if (!theirs || !this.token) return;
      const body = {};
      if (this.#told.delivered !== theirs.id) body.delivered = theirs.seq;
      if (this.#told.read !== theirs.id && document.visibilityState === "visible") body.read = theirs.seq;
      if (!Object.keys(body).length) return;
      try {
        await this.#call("receipts", body);
        for (const name of Object.keys(body)) this.#told[name] = theirs.id;
      } catch (error) {
        if (error.passing) this.receipting = setTimeout(() => this.#receipts(), 5000);
      }
    }, 200);
  }

  // --- writing

  #submit() {
    const text = this.area.value.trim();
    if (!text && !this.#files.length) return;
    this.outbox.push({ client_id: uuid(), text, attachments: this.#files.map(({ id, name }) => ({ id, name })), at: new Date().toISOString() });
    this.#files = [];
    this.area.value = "";
    kept.set(`${this.name}:draft`, null);
    this.#keep();
    this.#chips();
    this.#grow();
    this.#draw();
    this.#down();
    this.#flush();
  }

  #keep() {
    kept.set(`${this.name}:outbox`, this.outbox.filter((item) => !item.id));
  }

  // Another tab of this visitor has sent something or made the session.
  #otherTab() {
    const token = kept.get(`${this.name}:token`);
    if (token && token !== this.token) {
      this.token = token;
      this.#listen();
    }
  }

  // Sends the outbox in order. The client id makes a repeat harmless, so a doubtful send is repeated until acknowledged.
  async #flush() {
    if (this.flushing) return;
    this.flushing = true;
    clearTimeout(this.later);
    try {
      for (let item; (item = this.outbox.find((one) => !one.id && !one.refused)); ) {
        try {
          if (!this.token) await this.#enter();
          const { client_id, text, attachments } = item;
          const page = location.origin + location.pathname;
          const { id } = await this.#call("messages", { text, client_id, page, attachments: attachments.map((file) => file.id) });
          item.id = id;
          this.failures = 0;
          if (this.#messages.has(id)) this.outbox = this.outbox.filter((one) => one !== item);
        } catch (error) {
          if (error.status === 401) {
            await this.#enter().catch(() => {});
          } else if (!error.passing) {
            item.refused = error.message;
            continue;
          }
          this.failures = (this.failures ?? 0) + 1;
          if (error.status === 429) this.#say(error.message);
          const pause = error.after ? error.after * 1000 : Math.min(500 * 2 ** this.failures, 10_000);
          this.later = setTimeout(() => this.#flush(), pause);
          return;
        } finally {
          this.#keep();
          this.#draw();
        }
      }
      this.#listen();
    } finally {
      this.flushing = false;
    }
  }

  async #attach(files) {
    this.picker.value = "";
    for (const file of files) {
      try {
        if (!this.token) await this.#enter();
        const headers = { "X-File-Name": encodeURIComponent(file.name), "Content-Type": file.type || "application/octet-stream" };
        this.#files.push(await this.#call("files", file, headers));
        this.#say(null);
      } catch (error) {
        this.#say(`${file.name}: ${error.message}`);
      }
      this.#chips();
    }
  }

  #again(item) {
    delete item.refused;
    this.#flush();
  }

  #take(item) {
    this.outbox = this.outbox.filter((one) => one !== item);
    this.area.value = [this.area.value.trim(), item.text].filter(Boolean).join("\n");
    kept.set(`${this.name}:draft`, this.area.value);
    this.#keep();
    this.#draw();
    this.#grow();
    this.area.focus();
  }

  // --- showing

  #sorted() {
    return [...this.#messages.values()].sort((one, other) => one.said_at.localeCompare(other.said_at) || one.seq - other.seq);
  }

  #draw() {
    const rows = [];
    let before = null;
    for (const message of this.#sorted()) {
      const today = new Date(message.said_at).toDateString();
      if (today !== before?.today) rows.push({ key: `day-${today}`, day: message.said_at });
      const first = !before || before.today !== today || before.by !== `${message.author.kind} ${message.author.name}`;
      before = { today, by: `${message.author.kind} ${message.author.name}` };
      rows.push({ key: message.id, message, first });
    }
    rows.push(...this.outbox.filter((item) => !this.#messages.has(item.id)).map((item) => ({ key: item.client_id, item })));
    const own = rows.filter((row) => row.item || row.message?.author.kind === "contact").at(-1);
    if (own) own.last = true;
    keyed(this.log, rows, (row) => row.key, (row) => this.#row(row));
  }

  #row({ day: date, message, item, first, last }) {
    if (date) return h("div", { class: "day" }, day().format(new Date(date)));
    if (item) {
      const problem = item.refused;
      const files = item.attachments.map(({ name }) => h("p", { class: "file" }, name));
      const buttons = problem && [h("button", { type: "button", onclick: () => this.#again(item) }, t("try_again")), h("button", { type: "button", onclick: () => this.#take(item) }, t("edit"))];
      const mark = problem ? h("p", { class: "mark failed" }, `${t("not_sent")}: ${problem} `, buttons) : h("p", { class: "mark", data: { mark: item.id ? "sent" : "sending" } }, t(item.id ? "sent" : "sending"));
      return h("div", { class: "line mine unsent" }, h("div", { class: "bubble" }, h("p", { class: "words", dir: "auto" }, prose(item.text)), files), mark);
    }
    const mine = message.author.kind === "contact";
    const gone = message.deleted ?? message.deleted_at;
    const mark = mine && last && (["read"].includes(message.mark) ? "read" : "delivered");
    return h(
      "div",
      { class: `line ${mine ? "mine" : message.author.kind} ${first ? "first" : ""}` },
      first && !mine && h("p", { class: "by" }, h("span", { class: "face", "aria-hidden": "true" }, initial(message.author)), message.author.kind === "bot" ? t("bot") : message.author.name),
      h(
        "div",
        { class: "bubble" },
        gone ? h("p", { class: "words gone" }, t("deleted")) : message.text && h("p", { class: "words", dir: "auto" }, prose(message.text)),
        gone ? null : (message.attachments ?? []).map((file) => this.#file(file)),
      ),
      h("p", { class: "mark", data: mark ? { mark } : {} }, h("time", { datetime: message.said_at }, clock().format(new Date(message.said_at))), (message.edited ?? message.edited_at) && ` · ${t("edited")}`, mark && ` · ${t(`chat_${mark}`)}`),
    );
  }

  #file({ name, type, url }) {
    const href = url && ours(url, home);
    if (!href) return h("p", { class: "file" }, name);
    return h("a", { class: "file", href, target: "_blank", rel: "noopener" }, INLINE.includes(type) ? h("img", { src: href, alt: name, loading: "lazy" }) : name);
  }

  #chips() {
    const drop = (file) => () => {
      this.#files = this.#files.filter((other) => other !== file);
      this.#chips();
    };
    fill(this.chips, this.#files.map((file) => h("span", {}, file.name, h("button", { type: "button", "aria-label": t("remove_file", { name: file.name }), onclick: drop(file) }, "×"))));
  }

  #say(words) {
    fill(this.state, words ?? "");
    this.state.hidden = !words;
  }

  #grow() {
    this.area.style.height = "auto";
    this.area.style.height = `${Math.min(this.area.scrollHeight + 2, 160)}px`;
  }

  #low() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
  }

  #down() {
    this.log.scrollTop = this.log.scrollHeight;
    this.newer.hidden = true;
  }
}

const initial = ({ kind, name }) => (kind === "bot" ? "⚙" : [...(name || "?")][0].toUpperCase());

customElements.define("bridge-chat", BridgeChat);

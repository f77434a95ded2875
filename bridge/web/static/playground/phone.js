// One phone: the chat of a customer with a bot, and all that a person does there. Owns the frame and the composer.

import { fill, h, keyed } from "../dom.js";
import { language, t } from "../words.js";
import { spoken } from "../words/playground.js";
import { act, ask } from "./api.js";
import { dayOf, groups, message } from "./bubbles.js";
import { avatar, icon } from "./icons.js";
import { Menus } from "./menus.js";
import { sample } from "./samples.js";

export class Phone {
  constructor(root, { platform, about, problem, changed }) {
    Object.assign(this, { root, platform, about, say: spoken(about), problem, changed, chat: null, account: null, customer: null, answering: null, editing: null });
    this.build();
  }

  build() {
    this.talk = h("div", { class: "talk", role: "log", tabindex: "0", "aria-label": this.say("conversation_with_bot") });
    this.face = h("span", { class: "face" });
    this.title = h("b");
    this.under = h("span", { class: "under", "aria-live": "polite" });
    this.menus = new Menus(this);
    this.foot = h("div", { class: "foot-bar" });
    this.words = h("textarea", { rows: "1", "aria-label": t("message"), placeholder: t("message"), oninput: () => this.grow(), onkeydown: (event) => this.key(event) });
    this.strip = h("div", { class: "strip", hidden: true });
    this.sendButton = h("button", { type: "submit", class: "round send", "aria-label": t("send_message") }, icon("send"));
    const more = h("button", { type: "button", class: "round plain", "aria-label": t("chat_menu"), "aria-haspopup": "menu", onclick: () => this.menus.chat(more) }, icon("more"));
    const clip = h("button", { type: "button", class: "round plain", "aria-label": t("attach"), "aria-haspopup": "menu", onclick: () => this.menus.attach(clip) }, icon("clip"));
    this.picker = h("input", { type: "file", hidden: true, multiple: true, tabindex: "-1", "aria-hidden": "true", onchange: () => this.picked() });
    this.composer = h("form", { class: "composer", onsubmit: (event) => this.submit(event) }, clip, this.words, this.sendButton);
    this.alert = h("p", { class: "said-by-bot", role: "status", hidden: true });
    fill(
      this.root,
      h(
        "section",
        { class: "device", "aria-label": this.say("phone_with"), data: { platform: this.platform } },
        h("div", { class: "glass" },
          h("div", { class: "status-line", "aria-hidden": "true" }, (this.time = h("span")), h("span", { class: "island" }), h("span", { class: "signs" }, h("i"), h("i"), h("i"), h("i"), h("em"))),
          h("header", { class: "chat-head" }, this.face, h("div", { class: "names" }, this.title, this.under), more),
          h("div", { class: "wall" }, this.talk, this.alert),
          this.strip,
          this.foot,
          h("div", { class: "home", "aria-hidden": "true" })),
        this.menus.box,
        this.picker,
      ),
    );
    this.clock();
    this.beat = setInterval(() => this.clock(), 10_000);
  }

  // It is laid aside: nothing of it happens any more.
  close() {
    clearInterval(this.beat);
    clearTimeout(this.typed);
    this.account = this.customer = null;
  }

  can(act) {
    return this.about.acts.includes(act);
  }

  clock() {
    this.time.textContent = new Intl.DateTimeFormat(language(), { hour: "numeric", minute: "2-digit" }).format(new Date());
  }

  async show(account, customer) {
    const other = account !== this.account || customer?.id !== this.customer?.id;
    Object.assign(this, { account, customer });
    if (other) {
      this.forget();
      fill(this.talk);
      this.words.value = "";
      this.grow();
    }
    if (account && customer) await this.refresh(other);
    else this.empty();
  }

  empty() {
    this.title.textContent = this.say("no_bot");
    this.under.textContent = "";
    fill(this.face);
    fill(this.foot);
  }

  async refresh(jump = false) {
    const { account, customer } = this;
    const chat = await ask(`${this.platform}/${account}/${customer.id}`);
    if (!chat || account !== this.account || customer !== this.customer) return;
    this.chat = chat;
    this.draw(jump);
    this.changed(chat);
    if (chat.unread && this.can("read") && document.visibilityState === "visible") this.do("read", {});
  }

  draw(jump) {
    const { chat } = this;
    this.title.textContent = chat.title;
    if (this.face.dataset.of !== chat.title) fill(this.face, avatar(this.account, chat.title));
    this.face.dataset.of = chat.title;
    this.typing();
    const down = jump || this.talk.scrollHeight - this.talk.scrollTop - this.talk.clientHeight < 120;
    const items = groups(chat.messages);
    const rows = items.flatMap((item, index) => {
      const day = dayOf(item);
      return index && dayOf(items[index - 1]) === day ? [item] : [{ key: `day-${day}`, day }, item];
    });
    if (!chat.messages.length) rows.push({ key: "hello", hello: true });
    if (chat.typing) rows.push({ key: "typing", typing: true });
    keyed(this.talk, rows, (row) => row.key, (row) => this.row(row));
    if (down) this.talk.scrollTop = this.talk.scrollHeight;
    this.footBar();
  }

  row(row) {
    if (row.day) return h("p", { class: "day-mark" }, h("span", null, row.day));
    if (row.typing) return h("div", { class: "dots", role: "img", "aria-label": this.say("bot_types") }, h("i"), h("i"), h("i"));
    if (row.hello) return h("div", { class: "hello" }, h("b", null, this.say("hello_title")), h("p", null, this.chat.about || this.say("hello_text")));
    return message(row, {
      platform: this.platform,
      say: this.say,
      customer: this.customer.id,
      menu: (button, one) => this.menus.message(button, one),
      press: (button, one, data) => this.press(button, one, data),
      command: (text) => this.do("write", { text }),
      find: (id) => this.find(id),
      react: (one, emoji) => this.do("react", { message: one.id, emoji }),
    });
  }

  typing() {
    clearTimeout(this.typed);
    const { typing, blocked } = this.chat;
    this.under.textContent = typing ? t(typing.does === "typing" ? "typing" : "sends_something") : blocked ? t("you_blocked") : this.say("a_bot");
    this.under.classList.toggle("busy", Boolean(typing));
    if (typing) this.typed = setTimeout(() => this.refresh(), typing.for * 1000 + 50);
  }

  footBar() {
    const { started, blocked } = this.chat;
    const kind = blocked ? "restart" : started ? "write" : "start";
    if (this.foot.dataset.kind === kind) return;
    this.foot.dataset.kind = kind;
    if (kind === "write") fill(this.foot, this.composer);
    else fill(this.foot, h("button", { type: "button", class: "big-act", onclick: () => this.do(blocked ? "unblock" : "start", {}) }, this.say(blocked ? "restart_bot" : "start_bot")));
  }

  find(id) {
    const found = this.talk.querySelector(`[data-message="${CSS.escape(id)}"]`);
    if (!found) return;
    found.scrollIntoView({ block: "center", behavior: "smooth" });
    found.classList.add("found");
    setTimeout(() => found.classList.remove("found"), 1200);
  }

  // -- writing

  grow() {
    this.words.style.height = "auto";
    this.words.style.height = `${Math.min(this.words.scrollHeight, 132)}px`;
  }

  key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.composer.requestSubmit();
    } else if (event.key === "Escape" && (this.answering || this.editing)) this.forget();
  }

  async submit(event) {
    event.preventDefault();
    const text = this.words.value.trim();
    if (!text) return;
    const { answering, editing } = this;
    const done = editing
      ? await this.do("edit", { message: editing.id, text })
      : await this.do("write", { text, ...(answering ? { reply_to: answering.id } : {}) });
    if (!done) return;
    this.words.value = "";
    this.grow();
    this.forget();
  }

  do(action, fields) {
    return act(this.platform, this.account, this.customer.id, action, fields, this.problem);
  }

  answer(one) {
    this.forget();
    this.answering = one;
    this.stripped("reply", this.say(one.mine ? "you" : "reply_to_bot"), one);
  }

  edit(one) {
    this.forget();
    this.editing = one;
    this.stripped("edit", t("edit_message"), one);
    this.words.value = one.text;
    this.grow();
  }

  stripped(kind, title, one) {
    const close = h("button", { type: "button", class: "round plain", "aria-label": t("cancel"), onclick: () => this.forget() }, icon("close"));
    fill(this.strip, icon(kind), h("div", null, h("b", null, title), h("span", null, one.text || t("a_file"))), close);
    this.strip.hidden = false;
    this.words.focus();
  }

  forget() {
    if (this.editing) {
      this.words.value = "";
      this.grow();
    }
    this.answering = this.editing = null;
    this.strip.hidden = true;
  }

  async press(button, one, data) {
    button.classList.add("waits");
    const found = await this.do("press", { message: one.id, data });
    const came = found?.outcome ? await ask(`${this.platform}/outcome/${found.outcome}`) : null;
    button.classList.remove("waits");
    if (!came?.text) return;
    this.alert.textContent = came.text;
    this.alert.hidden = false;
    setTimeout(() => (this.alert.hidden = true), came.alert ? 6000 : 3000);
  }

  // -- what the menus do

  startWith() {
    const { address, example, most } = this.about.link;
    const field = h("input", { name: "payload", maxlength: String(most), pattern: "[A-Za-z0-9_\\-]*", value: example, "aria-label": t("start_payload") });
    const link = `${address.replace("{handle}", this.chat.handle.replace(/^@/, ""))}…`;
    this.ask("start_with", this.say("start_text", { link }), field, "start_bot", () => this.do("start", { payload: field.value }));
  }

  // Somebody answers on the platform itself, past the bridge.
  answerThere() {
    const field = h("textarea", { rows: "3", required: true, "aria-label": t("message") });
    this.ask("answer_there", this.say("answer_there_text"), field, "send_message", () => field.value.trim() && this.do("answer", { text: field.value }));
  }

  ask(title, text, field, go, does) {
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", null, this.say(title)),
      h("p", { class: "quiet" }, text),
      field,
      h("div", { class: "buttons" }, h("button", { class: "primary", value: "go" }, this.say(go)), h("button", { value: "", formnovalidate: true }, t("cancel"))),
    );
    const box = h("dialog", { class: "form", "aria-label": this.say(title) }, form);
    box.addEventListener("close", () => {
      box.remove();
      if (box.returnValue) does();
    });
    document.body.append(box);
    box.showModal();
  }

  pick(kind, accept) {
    Object.assign(this.picker, { accept, value: "" });
    this.picker.dataset.kind = kind;
    this.picker.click();
  }

  picked() {
    const { kind } = this.picker.dataset;
    const files = [...this.picker.files];
    const voice = kind === "document" && files.length === 1 && files[0].type === "audio/ogg";
    this.sendFiles(voice ? "voice" : kind, files);
  }

  async sampled(kind, count) {
    this.sendFiles(kind, await Promise.all(Array.from({ length: count }, (_, index) => sample(kind, index))));
  }

  async sendFiles(kind, files) {
    if (!files.length) return;
    const form = new FormData();
    form.set("kind", kind);
    if (this.about.caption && !["voice", "sticker"].includes(kind)) form.set("text", this.words.value.trim());
    if (kind === "voice") form.set("duration", "3");
    if (kind === "sticker") form.set("emoji", "👋");
    if (this.answering) form.set("reply_to", this.answering.id);
    files.slice(0, this.about.album).forEach((file, index) => form.set(`file${index}`, file, file.name));
    if (!(await this.do("send", form))) return;
    if (form.get("text")) this.words.value = "";
    this.grow();
    this.forget();
  }
}

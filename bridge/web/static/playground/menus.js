// The menus of a phone: of a message, of the chat, of what can be sent. Owns their entries and where they open.

import { fill, h } from "../dom.js";
import { t } from "../words.js";
import { shown } from "./bubbles.js";
import { icon } from "./icons.js";

export class Menus {
  constructor(phone) {
    this.phone = phone;
    this.box = h("div", { class: "pop", popover: "auto", role: "menu" });
  }

  open(anchor, items) {
    fill(this.box, items);
    this.box.showPopover();
    const [place, size] = [anchor.getBoundingClientRect(), this.box.getBoundingClientRect()];
    const frame = this.phone.root.querySelector(".device").getBoundingClientRect();
    const x = Math.max(frame.left + 8, Math.min(place.left, frame.right - size.width - 8));
    const above = place.top - size.height - 6;
    const y = above > Math.max(8, frame.top) ? above : Math.min(place.bottom + 6, innerHeight - size.height - 8);
    Object.assign(this.box.style, { left: `${Math.max(8, x)}px`, top: `${Math.max(8, y)}px` });
    this.box.querySelector("button")?.focus({ preventScroll: true });
    this.box.onkeydown = (event) => {
      const buttons = [...this.box.querySelectorAll("button")];
      const step = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length].focus();
    };
  }

  item(name, words, does, look = "") {
    const chosen = () => {
      this.box.hidePopover();
      does();
    };
    return h("button", { type: "button", role: "menuitem", class: look, data: { act: name }, onclick: chosen }, icon(name), words);
  }

  message(button, one) {
    const mine = one.reactions.find((given) => given.mine)?.emoji;
    const { phone } = this;
    const reactions = phone.about.reactions.map((emoji) => {
      const given = emoji === mine;
      const give = () => {
        this.box.hidePopover();
        this.phone.do("react", { message: one.id, emoji: given ? "" : emoji });
      };
      return h("button", { type: "button", role: "menuitemcheckbox", "aria-checked": String(given), "aria-label": t("react_with", { emoji }), onclick: give }, shown(emoji));
    });
    this.open(button, [
      phone.can("react") ? h("div", { class: "reactions-row", role: "group", "aria-label": t("reactions") }, reactions) : null,
      phone.can("reply") ? this.item("reply", t("reply_here"), () => phone.answer(one)) : null,
      phone.can("edit") && one.mine && one.text ? this.item("edit", t("edit_message"), () => phone.edit(one)) : null,
      phone.can("delete") && (one.mine || phone.can("delete_any")) ? this.item("trash", phone.say("delete_message"), () => phone.do("delete", { message: one.id }), "danger") : null,
    ]);
  }

  chat(button) {
    const { phone } = this;
    const commands = phone.chat?.commands ?? [];
    this.open(button, [
      commands.map((one) => this.item("send", `/${one.command} — ${one.description}`, () => this.phone.do("write", { text: `/${one.command}` }))),
      phone.can("start") ? this.item("link", phone.say("start_with"), () => phone.startWith()) : null,
      phone.can("answer") ? this.item("reply", phone.say("answer_there"), () => phone.answerThere()) : null,
      !phone.can("block") ? null : phone.chat?.blocked
        ? this.item("block", phone.say("restart_bot"), () => phone.do("unblock", {}))
        : this.item("block", phone.say("block_bot"), () => phone.do("block", {}), "danger"),
    ]);
  }

  attach(button) {
    const { phone } = this;
    const { kinds, album } = phone.about;
    const sample = (kind, count = 1) => () => phone.sampled(kind, count);
    const own = kinds.flatMap((kind) => (PICKED[kind] ? [this.item(...PICKED[kind](phone))] : []));
    const made = [
      kinds.includes("photo") && this.item("photo", t("sample_photo"), sample("photo")),
      kinds.includes("photo") && album > 2 && this.item("album", t("sample_album"), sample("photo", 3)),
      kinds.includes("voice") && this.item("voice", t("sample_voice"), sample("voice")),
      kinds.includes("document") && this.item("file", t("sample_file"), sample("document")),
      kinds.includes("sticker") && this.item("sticker", t("sample_sticker"), sample("sticker")),
    ];
    const others = [
      phone.can("locate") && this.item("pin", t("attach_location"), () => phone.do("locate", { latitude: 59.9343, longitude: 30.3351 })),
      phone.can("contact") && this.item("contact", t("attach_contact"), () => phone.do("contact", { phone: "+7 921 555-01-23", name: t("sample_name") })),
      phone.can("dice") && this.item("dice", t("attach_dice"), () => phone.do("dice", {})),
    ];
    const parts = [own, made, others].map((part) => part.filter(Boolean)).filter((part) => part.length);
    this.open(button, parts.flatMap((part, index) => (index ? [h("hr"), ...part] : part)));
  }
}

// What is taken from the machine, by its kind.
const PICKED = {
  photo: (phone) => ["photo", t("attach_photo"), () => phone.pick("photo", "image/*,video/*")],
  document: (phone) => ["file", t("attach_file"), () => phone.pick("document", "")],
};

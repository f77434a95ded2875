// The menus of a phone: of a message, of the chat, of what can be sent. Owns their entries and where they open.

import { fill, h } from "../dom.js";
import { t } from "../words.js";
import { shown } from "./bubbles.js";
import { icon } from "./icons.js";

const REACTIONS = ["👍", "❤", "🔥", "🎉", "😁", "😢"];

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
    const reactions = REACTIONS.map((emoji) => {
      const given = emoji === mine;
      const give = () => {
        this.box.hidePopover();
        this.phone.do("react", { message: one.id, emoji: given ? "" : emoji });
      };
      return h("button", { type: "button", role: "menuitemcheckbox", "aria-checked": String(given), "aria-label": t("react_with", { emoji }), onclick: give }, shown(emoji));
    });
    this.open(button, [
      h("div", { class: "reactions-row", role: "group", "aria-label": t("reactions") }, reactions),
      this.item("reply", t("reply_here"), () => this.phone.answer(one)),
      one.mine && one.text ? this.item("edit", t("edit_message"), () => this.phone.edit(one)) : null,
      this.item("trash", t("delete_message"), () => this.phone.do("delete", { message: one.id }), "danger"),
    ]);
  }

  chat(button) {
    const commands = this.phone.chat?.commands ?? [];
    this.open(button, [
      commands.map((one) => this.item("send", `/${one.command} — ${one.description}`, () => this.phone.do("write", { text: `/${one.command}` }))),
      this.item("link", t("start_with"), () => this.phone.startWith()),
      this.phone.chat?.blocked
        ? this.item("block", t("restart_bot"), () => this.phone.do("unblock", {}))
        : this.item("block", t("block_bot"), () => this.phone.do("block", {}), "danger"),
    ]);
  }

  attach(button) {
    this.open(button, [
      this.item("photo", t("attach_photo"), () => this.phone.pick("photo", "image/*,video/*")),
      this.item("file", t("attach_file"), () => this.phone.pick("document", "")),
      h("hr"),
      this.item("photo", t("sample_photo"), () => this.phone.sampled("photo", 1)),
      this.item("album", t("sample_album"), () => this.phone.sampled("photo", 3)),
      this.item("voice", t("sample_voice"), () => this.phone.sampled("voice", 1)),
      this.item("file", t("sample_file"), () => this.phone.sampled("document", 1)),
      this.item("sticker", t("sample_sticker"), () => this.phone.sampled("sticker", 1)),
      h("hr"),
      this.item("pin", t("attach_location"), () => this.phone.do("locate", { latitude: 59.9343, longitude: 30.3351 })),
      this.item("contact", t("attach_contact"), () => this.phone.do("contact", { phone: "+7 921 555-01-23", name: t("sample_name") })),
      this.item("dice", t("attach_dice"), () => this.phone.do("dice", {})),
    ]);
  }
}

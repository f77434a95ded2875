// One wish as agents see it: who asked, the developer's question, and the announcement they review. Owns reading it.

import { ApiError, get } from "../api.js";
import { fill, h } from "../dom.js";
import { button, row } from "../forms.js";
import { serial } from "../live.js";
import { date } from "../time.js";
import { inLanguage, t } from "../words.js";
import { announcement, asked, may, question, story, told } from "../wishes.js";
import * as prompts from "./prompts.js";

export class WishView {
  wish = null;

  constructor(desk, id, root, side) {
    Object.assign(this, { desk, id, side });
    this.key = `wish:${id}`;
    this.read = serial(() => this.#read());
    this.head = h("header", { class: "subject-head" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.body = h("div", { class: "page", tabindex: 0 });
    fill(root, this.head, this.problem, this.body);
    fill(side);
  }

  leave() {
    this.left = true;
  }

  async #read() {
    try {
      this.wish = await get(`wishes/${this.id}`);
      this.problem.hidden = true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      fill(this.problem, error.message);
      this.problem.hidden = false;
      return;
    }
    if (!this.left) this.draw();
  }

  draw() {
    const { wish, desk } = this;
    const look = JSON.stringify(wish);
    if (look === this.look) return;
    this.look = look;
    const act = (action, fields) => () => desk.act("wish", this.id, action, fields);
    const can = may(wish, desk.me);
    fill(
      this.head,
      h("a", { class: "back", href: "#", "aria-label": t("back") }, "‹"),
      h(
        "div",
        { class: "title" },
        h("h1", { dir: "auto" }, `#${wish.number} ${wish.title}`),
        h(
          "p",
          {},
          h("span", { class: `status ${wish.status}` }, t(`wish_${wish.status}`)),
          wish.priority !== "normal" && h("span", { class: `badge ${wish.priority}` }, t(`priority_${wish.priority}`)),
          wish.assignee && h("span", {}, wish.assignee.name),
          wish.deadline && h("span", {}, t("until"), " ", date(wish.deadline)),
          wish.shipped_at ? h("span", { class: "told" }, t("told_of", wish)) : h("span", {}, t("asked_by", { n: wish.asked })),
        ),
      ),
      h(
        "div",
        { class: "actions" },
        can.accept && button(t("accept"), act("accept"), { kind: "primary", name: "accept" }),
        can.decline && button(t("decline"), () => prompts.decline(desk, wish), { name: "decline" }),
        can.reopen && button(t("reopen"), act("reopen"), { name: "reopen" }),
      ),
    );
    fill(
      this.body,
      wish.text && h("p", { class: "words", dir: "auto" }, wish.text),
      question(wish, desk.me, (action, fields) => desk.act("wish", this.id, action, fields)),
      wish.announce === "review" && desk.works && this.#review(),
      wish.announce !== "review" && told(wish, (action) => desk.act("wish", this.id, action)),
      h("h2", {}, t("who_asked")),
      asked(wish, { link: true }),
      h("h2", {}, t("wish_story")),
      story(wish),
    );
  }

  #review() {
    const { wish, desk } = this;
    const words = announcement(wish);
    const rows = Object.entries(words).map(([code, text]) => row({ name: `words-${code}`, label: inLanguage(code), type: "textarea", value: text }));
    const approve = async () => {
      const said = Object.keys(words).map((code, place) => [code, rows[place].querySelector("textarea").value.trim()]);
      await desk.act("wish", this.id, "approve", { announcement: Object.fromEntries(said.filter(([, text]) => text)) });
    };
    return h(
      "div",
      { class: "review" },
      h("h2", {}, t("announcement")),
      h("p", { class: "quiet" }, t("review_intro", { n: wish.asked })),
      rows,
      h("div", { class: "buttons" }, button(t("approve"), approve, { kind: "primary", name: "approve" })),
    );
  }
}

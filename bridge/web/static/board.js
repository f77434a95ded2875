// The developers' board: wishes by state, from an idea to "told 17 of 18". Owns reading and showing them.

import { act, get } from "./api.js";
import { fill, h, keyed } from "./dom.js";
import { ask, button } from "./forms.js";
import { Live } from "./live.js";
import { date, local, now, tick } from "./time.js";
import { inLanguage, speak, t, translate } from "./words.js";
import { announcement, asked } from "./wishes.js";
import * as prompts from "./desk/prompts.js";

const COLUMNS = [
  { name: "new", states: ["new"] },
  { name: "accepted", states: ["accepted"] },
  { name: "scheduled", states: ["scheduled"] },
  { name: "shipped", states: ["shipped"] },
  { name: "ended", states: ["told", "declined"] },
];
const WEEK = 7 * 86_400_000;
const at = (id) => document.getElementById(id);

class Board {
  #whole = new Map(); // id → the wish with its askers, as of one version

  async start() {
    this.me = await get("me");
    speak(this.me.language);
    translate(document);
    document.title = t("board");
    fill(at("me"), this.me.name);
    const status = (connected) => {
      at("live").dataset.connected = connected;
      fill(at("live"), connected ? t("live") : t("reconnecting"));
    };
    tick();
    await this.read();
    new Live(status, () => location.assign("/login")).show({ board: () => this.read() });
  }

  async read() {
    try {
      const pages = await Promise.all(COLUMNS.map((column) => this.#column(column)));
      this.draw(pages);
      at("problem").hidden = true;
    } catch (error) {
      fill(at("problem"), error.message);
      at("problem").hidden = false;
    }
  }

  async #column({ states }) {
    const query = new URLSearchParams(states.map((state) => ["status", state]));
    const { items, next } = await get(`wishes?${query}`);
    return { wishes: await Promise.all(items.map((wish) => this.#asked(wish))), next };
  }

  // A list says how many asked; who they are is read once per version.
  async #asked(wish) {
    if (wish.askers?.length || !wish.asked) return wish;
    const known = this.#whole.get(wish.id);
    if (known?.version === wish.version) return { ...wish, askers: known.askers };
    const whole = await get(`wishes/${wish.id}`);
    this.#whole.set(wish.id, whole);
    return whole;
  }

  draw(pages) {
    const columns = COLUMNS.map(({ name }, place) => ({ name, ...pages[place] }));
    if (!at("columns").childElementCount) {
      fill(at("columns"), columns.map(({ name }) => h("section", { "aria-labelledby": `column-${name}`, data: { column: name } }, h("h2", { id: `column-${name}` }), h("ul", { class: "cards" }), h("p", { class: "empty" }))));
    }
    for (const { name, wishes, next } of columns) {
      const section = at("columns").querySelector(`[data-column="${name}"]`);
      fill(section.querySelector("h2"), t(`column_${name}`), " ", h("span", { class: "count" }, next ? `${wishes.length}+` : wishes.length));
      keyed(section.querySelector(".cards"), wishes, (wish) => wish.id, (wish) => this.#card(wish));
      fill(section.querySelector(".empty"), wishes.length ? "" : t(`column_${name}_empty`));
    }
  }

  #card(wish) {
    const late = wish.deadline && Date.parse(wish.deadline) < now() && wish.status === "scheduled";
    return h(
      "li",
      { class: "card", data: { wish: wish.id } },
      h("h3", { dir: "auto" }, h("span", { class: "quiet" }, `#${wish.number}`), " ", wish.title),
      h(
        "p",
        { class: "foot" },
        wish.status === "declined" && h("span", { class: "status declined" }, t("wish_declined")),
        wish.announce === "review" && h("span", { class: "status returned" }, t("in_review")),
        wish.announce === "going" && h("span", { class: "status open" }, t("going_out")),
        wish.priority !== "normal" && h("span", { class: `badge ${wish.priority}` }, t(`priority_${wish.priority}`)),
        wish.assignee && h("span", { class: "who" }, wish.assignee.id === this.me.id ? t("you") : wish.assignee.name),
        wish.deadline && wish.status === "scheduled" && h("span", { class: late ? "late" : "" }, t("until"), " ", date(wish.deadline)),
        wish.shipped_at ? h("span", { class: "told" }, t("told_of", wish)) : h("span", {}, t("asked_by", { n: wish.asked })),
      ),
      wish.reason && h("p", { class: "question", dir: "auto" }, h("b", {}, t(wish.status === "declined" ? "reason" : "question")), " ", wish.reason),
      h("details", { open: ["new", "accepted", "scheduled"].includes(wish.status) }, h("summary", {}, t("who_asked")), asked(wish)),
      h("div", { class: "buttons" }, this.#buttons(wish)),
    );
  }

  #buttons(wish) {
    const early = ["new", "accepted", "scheduled"].includes(wish.status);
    const builds = ["developer", "lead", "admin"].includes(this.me.role);
    const mine = wish.assignee?.id === this.me.id;
    return [
      builds && ["new", "accepted"].includes(wish.status) && button(t("pick_up"), () => this.#pickUp(wish), { kind: "primary", name: "pick" }),
      builds && wish.status === "scheduled" && mine && button(t("ship"), () => this.#ship(wish), { kind: "primary", name: "ship" }),
      builds && wish.status === "scheduled" && mine && button(t("move_deadline"), () => this.#pickUp(wish), { name: "move" }),
      wish.status === "new" && this.me.role !== "developer" && button(t("accept"), () => this.act("wish", wish.id, "accept"), { name: "accept" }),
      early && button(t("question_back"), () => this.#askBack(wish), { name: "ask" }),
      early && button(t("decline"), () => prompts.decline(this, wish), { name: "decline" }),
      wish.status === "declined" && button(t("reopen"), () => this.act("wish", wish.id, "reopen"), { name: "reopen" }),
    ];
  }

  async act(kind, id, action, fields) {
    const outcome = await act(kind, id, action, fields);
    await this.read();
    return outcome;
  }

  #pickUp(wish) {
    const priority = { name: "priority", label: t("priority"), type: "select", value: wish.priority, options: prompts.priorities() };
    const evening = new Date(now() + 2 * WEEK);
    evening.setHours(18, 0, 0, 0);
    const deadline = { name: "deadline", label: t("deadline"), type: "datetime-local", value: local(wish.deadline ?? evening), required: true };
    ask({ key: `pick:${wish.id}`, title: t("pick_up"), intro: wish.title, label: t("pick_up"), fields: [deadline, priority], run: (values) => this.act("wish", wish.id, "pick_up", values) });
  }

  #askBack(wish) {
    const text = { name: "text", label: t("what_to_know"), type: "textarea", required: true };
    ask({ key: `question:${wish.id}`, title: t("question_back"), intro: wish.title, label: t("ask"), fields: [text], run: (values) => this.act("wish", wish.id, "ask_back", values) });
  }

  #ship(wish) {
    const fields = Object.entries(announcement(wish)).map(([code, words]) => ({ name: code, label: `${t("announcement")}: ${inLanguage(code)}`, type: "textarea", value: words }));
    const said = (values) => Object.fromEntries(Object.entries(values).filter(([, words]) => words));
    ask({ key: `ship:${wish.id}`, title: t("ship"), intro: t("ship_intro", { n: wish.asked }), label: t("ship"), fields, run: (values) => this.act("wish", wish.id, "ship", { announcement: said(values) }) });
  }
}

new Board().start().catch((error) => {
  fill(at("problem"), error.message);
  at("problem").hidden = false;
});

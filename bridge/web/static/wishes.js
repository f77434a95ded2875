// What desk and board show of a wish alike: who asked, who was told, what was said about it, and what may be done.

import "./words/board.js";
import { h, prose } from "./dom.js";
import { ask, button } from "./forms.js";
import { shortDay, stamp } from "./time.js";
import { t, tIn } from "./words.js";

const EARLY = ["new", "accepted", "scheduled"];

// What this agent may do to this wish now; the server decides again.
export function may(wish, me) {
  const builds = me.role !== "agent";
  const desk = me.role !== "developer";
  const leads = ["lead", "admin"].includes(me.role);
  const early = EARLY.includes(wish.status);
  const mine = wish.assignee?.id === me.id;
  return {
    pick: builds && ["new", "accepted"].includes(wish.status),
    move: builds && wish.status === "scheduled" && mine,
    over: leads && wish.status === "scheduled" && !mine,
    ship: builds && wish.status === "scheduled" && mine,
    accept: desk && ["proposed", "new"].includes(wish.status),
    ask: builds && early && wish.kind === "wish",
    answer: desk && early && Boolean(wish.reason),
    decline: early || (desk && wish.status === "proposed"),
    reopen: wish.status === "declined",
    tell: wish.missed > 0,
  };
}

// Language → words for those who asked: what was written, else the usual ones, for each language that is spoken.
export function announcement(wish) {
  const spoken = new Set([...Object.keys(wish.announcement ?? {}), ...(wish.askers ?? []).map((asker) => asker.language)].filter(Boolean));
  if (!spoken.size) spoken.add("en");
  const usual = (code) => tIn(code, "usual_announcement", { title: wish.title });
  return Object.fromEntries([...spoken].sort().map((code) => [code, wish.announcement?.[code] ?? usual(code)]));
}

// Those who were not reached come first.
export function asked(wish, { link = false } = {}) {
  const state = (asker) => h("span", { class: `status ${asker.state}` }, t(`asker_${asker.state}`));
  const name = (asker) => asker.contact || t("visitor");
  const order = (asker) => Number(asker.state !== "failed");
  return h(
    "ul",
    { class: "askers" },
    (wish.askers ?? [])
      .toSorted((one, other) => order(one) - order(other))
      .map((asker) =>
        h(
          "li",
          {},
          h("blockquote", { dir: "auto", tabindex: asker.text.length > 300 ? 0 : null }, prose(asker.text)),
          h(
            "p",
            { class: "by" },
            link ? h("a", { href: `#dialog/${asker.dialog}`, dir: "auto" }, name(asker)) : h("b", { dir: "auto" }, name(asker)),
            h("span", {}, asker.channel),
            asker.state !== "asked" && state(asker),
            asker.reason && h("span", { class: "why" }, asker.reason),
          ),
        ),
      ),
  );
}

// "told 17 of 18", who is missing, and another try for them.
export function told(wish, act) {
  if (!wish.shipped_at || wish.kind === "task" || !wish.asked) return null;
  const way = wish.asked - wish.told - wish.missed;
  const waits = wish.announce === "review";
  return h(
    "section",
    {},
    h("p", { class: "foot" }, h("span", { class: "told" }, t("told_of", wish)), !waits && way > 0 && h("span", {}, t("on_their_way", { n: way })), wish.missed > 0 && h("span", { class: "missed" }, t("not_told", { n: wish.missed }))),
    bar(wish),
    waits && h("p", { class: "quiet" }, t("announcement_waits")),
    wish.missed > 0 && h("div", { class: "buttons" }, button(t("tell_again"), () => act("tell_again"), { name: "tell" })),
  );
}

const SVG = "http://www.w3.org/2000/svg";

function bar({ asked: all, told: done, missed }) {
  const svg = document.createElementNS(SVG, "svg");
  const part = (kind, x, width) => {
    const rect = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ class: kind, x, y: 0, width, height: 1 })) rect.setAttribute(name, value);
    svg.append(rect);
  };
  for (const [name, value] of Object.entries({ class: "told-bar", viewBox: `0 0 ${all} 1`, preserveAspectRatio: "none", "aria-hidden": "true" })) svg.setAttribute(name, value);
  part("rest", 0, all);
  part("told", 0, done);
  part("missed", done, missed);
  return svg;
}

// The developer's open question, or why the wish was declined.
export function question(wish, me, act) {
  if (!wish.reason) return null;
  if (wish.status === "declined") return h("div", { class: "question" }, h("h2", {}, t("reason")), h("p", { class: "words", dir: "auto" }, wish.reason));
  const by = (wish.story ?? []).findLast((note) => note.event === "questioned")?.author.name;
  const answers = may(wish, me).answer;
  return h(
    "div",
    { class: "question" },
    h("h2", {}, by ? t("question_of", { name: by }) : t("question")),
    h("p", { class: "words", dir: "auto" }, wish.reason),
    answers ? h("div", { class: "buttons" }, button(t("answer_question"), () => answer(wish, act), { kind: "primary", name: "answer" })) : h("p", { class: "aside" }, t("wait_for_answer")),
  );
}

function answer(wish, act) {
  const text = { name: "text", label: t("your_answer"), type: "textarea", required: true };
  ask({ key: `answer:${wish.id}:${wish.version}`, title: t("answer_question"), intro: wish.reason, label: t("answer_question"), fields: [text], run: (values) => act("clarify", values) });
}

export function story(wish) {
  return h(
    "ol",
    { class: "story" },
    (wish.story ?? []).map((note) =>
      h("li", {}, h("p", { class: "by" }, h("b", {}, note.author.name), h("span", {}, t(`wish_event_${note.event}`)), stamp(note.said_at)), note.text && h("p", { class: "words", dir: "auto" }, note.text)),
    ),
  );
}

export const until = (wish, now) => wish.deadline && wish.status === "scheduled" && h("span", { class: Date.parse(wish.deadline) < now ? "late" : "" }, t("until"), " ", shortDay(wish.deadline));

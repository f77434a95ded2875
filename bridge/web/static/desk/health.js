// "Why does nobody answer": a strip with what keeps answers from customers, in words, and what to do about it.
// Owns looking often enough and no oftener.

import { get, post } from "../api.js";
import { fill, h } from "../dom.js";
import { button } from "../forms.js";
import { t } from "../words.js";

const SELDOM = 10_000;
const BLINK = 1500;
const GRAVE = ["channel_down", "nobody_on_duty", "overdue", "posts_failed", "unsent"];

export class Health {
  #looked = 0;

  constructor(desk, root) {
    this.desk = desk;
    this.root = root;
    this.items = [];
  }

  async look(now = false) {
    if (!this.desk.works) return;
    clearTimeout(this.later);
    const wait = this.#looked + SELDOM - Date.now();
    if (!now && wait > 0) {
      this.later = setTimeout(() => this.look().catch(() => {}), wait);
      return;
    }
    this.#looked = Date.now();
    const [{ items }, findings, unread] = await Promise.all([get("health"), get("findings"), get("quarantine?state=held&limit=50")]);
    this.findings = findings.items.filter(({ kind }) => kind !== "quarantine"); // those come as they are, and can be read again
    const found = this.findings.map(({ reason, subject }) => ({ kind: "finding", subject, reason, title: "", count: this.findings.length }));
    const unshown = [...new Set(unread.items.map(({ channel }) => channel))].map((title) => {
      const all = unread.items.filter(({ channel }) => channel === title);
      return { kind: "quarantine", subject: title, title, reason: all[0].reason, count: all.length, events: all.map(({ id }) => id) };
    });
    this.items = [...items, ...unshown, ...found.slice(0, 1)];
    this.troubled = items.some((item) => /^(posts|files)_/.test(item.kind)) ? (await get("outbox?limit=20")).items : [];
    this.draw();
  }

  // A line that is out for longer than a blink is said: what stands on the screen may be old.
  live(connected) {
    if (connected) {
      clearTimeout(this.stale);
      this.stale = null;
      this.old = false;
      this.draw();
    } else
      this.stale ??= setTimeout(() => {
        this.old = true;
        this.draw();
      }, BLINK);
  }

  draw() {
    const unsent = this.desk.unsent.stuck;
    const own = [this.old && { kind: "not_live", count: 0, title: "" }, unsent.length && { kind: "unsent", count: unsent.length, title: "", dialogs: unsent }];
    const items = [...own.filter(Boolean), ...this.items];
    const look = JSON.stringify([items, this.troubled, this.desk.duty?.on]);
    if (look === this.shown) return;
    this.shown = look;
    const open = this.root.querySelector("details")?.open ?? false;
    this.root.hidden = !items.length;
    if (!items.length) return fill(this.root);
    const [worst, ...others] = items;
    fill(
      this.root,
      h(
        "details",
        { class: GRAVE.includes(worst.kind) ? "strip grave" : "strip", open },
        h("summary", {}, !this.old && h("b", {}, t("why_nobody_answers")), h("span", {}, says(worst)), others.length > 0 && h("span", { class: "count" }, `+${others.length}`), h("span", { class: "what" }, t("what_to_do"))),
        h("ul", {}, items.map((item) => h("li", {}, h("b", { dir: "auto" }, says(item)), h("span", { dir: "auto" }, item.repair || t(`health_${item.kind}_do`, item)), this.#doing(item)))),
      ),
    );
  }

  // What could not be shown is read once more; the first that still cannot says why.
  async #again(events) {
    let held = null;
    for (const id of events) {
      const { state, reason } = await post(`quarantine/${id}/replay`);
      if (state === "held") held ??= reason;
    }
    await this.look(true);
    if (held) throw new Error(t("still_held", { reason: held }));
  }

  // What can be done at once, from here.
  #doing({ kind, subject, dialogs, events }) {
    const { desk } = this;
    if (kind === "quarantine") return button(t("read_again"), () => this.#again(events), { name: "read-again" });
    if (kind === "nobody_on_duty" && desk.duty?.on === false && desk.me.lines.includes(subject)) return button(t("do_go_on_duty"), () => desk.duty.set(true), { name: "go-on-duty" });
    if (kind === "nobody_on_duty" || kind === "overdue") return button(t("show_queue"), () => desk.lists.choose("queue", { only: desk.me.lines.includes(subject) ? "" : subject, focus: true }));
    if (kind === "not_live") return null;
    const hits = { unsent: () => dialogs, finding: () => this.findings.map((one) => /^dialog:(\d+)$/.exec(one.subject)?.[1]) }[kind] ?? (() => this.troubled.filter((post) => post.destination === subject).map((post) => post.dialog));
    const links = [...new Set(hits())].filter(Boolean).slice(0, 10);
    return links.length > 0 && h("span", { class: "links" }, links.map((id, place) => h("a", { href: `#dialog/${id}` }, t("dialog_n", { n: place + 1 }))));
  }
}

const says = (item) => t(`health_${item.kind}`, item);

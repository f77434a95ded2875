// The views at the left: who waits, what is mine, everything, tickets, wishes, what was searched for.
// Owns which one is shown, how it is narrowed, and reading it.

import { get } from "../api.js";
import { fill, h, keyed, kept } from "../dom.js";
import { button } from "../forms.js";
import { serial } from "../live.js";
import { t } from "../words.js";
import { icon } from "./icons.js";
import { row } from "./rows.js";

const TABS = ["queue", "mine", "all", "tickets", "wishes", "search"];
const ACTIVE = ["open", "waiting", "snoozed"];
const SELDOM = 3000;

const query = (fields) => {
  const pairs = Object.entries(fields).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  return new URLSearchParams(pairs.filter(([, value]) => value != null && value !== ""));
};

export class Lists {
  tab = kept.get("desk:tab", "queue");
  only = kept.get("desk:only", {}); // tab → the line or status it is narrowed to
  words = "";
  items = {};
  pages = 1; // how many pages of the shown list have been asked for
  more = null; // the cursor of what follows them
  mine = null; // my dialogs as they were read last; null once one of them has changed

  constructor(desk, views, root) {
    this.desk = desk;
    this.tabs = h("div", { class: "tabs" });
    this.heading = h("h2", {});
    this.chips = h("div", { class: "narrow", role: "group", "aria-label": t("narrow") });
    this.rows = h("ul", { class: "rows" });
    this.end = h("div", { class: "end" });
    this.read = serial(() => this.#read());
    this.find = h("input", { type: "search", class: "find-words", placeholder: t("search_hint"), "aria-label": t("search_hint") });
    this.find.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.search(this.find.value.trim()), 200);
    });
    this.find.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || (event.key === "Enter" && !event.isComposing)) {
        event.preventDefault();
        this.step(1);
      } else if (event.key === "Escape") this.find.blur();
    });
    const next = desk.works && button(t("take_next"), () => desk.next(), { kind: "primary", name: "next" });
    if (next) next.title = `${t("take_next")} (A)`;
    fill(views, this.tabs);
    fill(root, h("header", { class: "top" }, this.heading, next || null, this.find, this.chips), this.rows, this.end);
    this.choose(TABS.includes(this.tab) ? this.tab : "queue", { read: false });
  }

  choose(tab, { only, focus = false, read = true } = {}) {
    this.tab = tab;
    this.pages = 1;
    this.more = null;
    if (only != null) this.only[tab] = only;
    kept.set("desk:tab", tab === "search" ? "queue" : tab);
    kept.set("desk:only", this.only);
    this.find.hidden = tab !== "search";
    this.draw();
    if (read) this.read().catch(() => {});
    if (focus) this.desk.list();
    if (focus && tab === "search") this.find.select();
    else if (focus) this.step(0);
  }

  search(words) {
    this.words = words;
    return this.read().catch(() => {});
  }

  // Moves along the rows; the page follows when one is opened.
  step(by) {
    this.desk.list();
    const rows = [...this.rows.querySelectorAll("a.row")];
    const focused = rows.findIndex((one) => one === document.activeElement);
    const from = focused >= 0 ? focused : rows.findIndex((one) => one.hasAttribute("aria-current"));
    rows[Math.max(0, Math.min(rows.length - 1, from < 0 ? 0 : from + by))]?.focus();
  }

  // My queue is always read, for its count, my dialogs when one has changed; tickets and wishes now and then; all only
  // while shown.
  async #read() {
    const tab = this.tab;
    const words = this.words;
    this.mine ??= this.#dialogs({ assignee: "me", status: ACTIVE, order: "due" });
    const reading = this.mine;
    reading.catch(() => this.mine === reading && (this.mine = null));
    const [queue, mine, shown] = await Promise.all([this.#queue(), reading, this.#shown(tab), this.#around(tab)]);
    Object.assign(this.items, { queue, mine: mine.items });
    if (shown && tab === this.tab && words === this.words) {
      this.items[this.#shelf(tab)] = shown.items;
      this.more = shown.next ?? null;
    }
    this.desk.alerts.news(queue, this.items.mine);
    this.draw();
  }

  #looked = 0;

  async #around(tab) {
    clearTimeout(this.looking);
    const wait = this.#looked + SELDOM - Date.now();
    if (wait > 0) {
      this.looking = setTimeout(() => this.#around(this.tab).then(() => this.draw(), () => {}), wait);
      return;
    }
    this.#looked = Date.now();
    const others = ["tickets", "wishes"].filter((name) => name !== tab);
    const [lines, ...pages] = await Promise.all([get("lines"), ...others.map((name) => this.#page(name, ""))]);
    this.desk.lines = lines;
    others.forEach((name, place) => (this.items[name] = pages[place].items));
  }

  async #queue() {
    const pages = await Promise.all(this.desk.me.lines.map((line) => this.#waiting(line)));
    const due = (dialog) => (dialog.promise ? Date.parse(dialog.promise.due_at) : Infinity);
    return pages.flatMap((page) => page.items).sort((one, other) => due(one) - due(other));
  }

  #waiting = (line) => this.#dialogs({ line, status: "open", unclaimed: 1, order: "due" });
  #dialogs = (fields) => get(`dialogs?${query({ limit: 100, ...fields })}`);

  // Where the items of a tab stand: what is narrowed to one line is no list of mine.
  #shelf = (tab) => (tab !== "all" && this.only[tab] ? `${tab}:${this.only[tab]}` : tab);

  async #shown(tab) {
    if (tab === "search") return this.#found();
    if (["queue", "mine"].includes(tab) && !this.only[tab]) return null;
    const shown = await this.#page(tab, this.only[tab]);
    for (let page = shown, number = 1; page?.next && number < this.pages; number += 1) {
      page = await this.#page(tab, this.only[tab], page.next);
      shown.items.push(...page.items);
      shown.next = page.next;
    }
    return shown;
  }

  #page(tab, only, cursor = null) {
    if (tab === "queue") return this.#waiting(only);
    if (tab === "all") return this.#dialogs({ order: "changed", status: only, cursor, limit: 50 });
    if (tab === "tickets") return get(`tickets?${query({ status: ["open", "passed", "returned"], line: only, cursor })}`);
    if (tab === "wishes") return get(`wishes?${query({ status: ["proposed", "new", "accepted", "scheduled", "shipped"], cursor })}`);
    return null;
  }

  async #found() {
    if (!this.words) return { items: [] };
    const { items } = await get(`search?${query({ q: this.words, limit: 50 })}`);
    return { items: items.map(({ dialog, ...found }) => ({ ...dialog, found })) };
  }

  // What has been opened once stays open when the list is read again.
  #further() {
    this.pages += 1;
    return this.read().catch(() => {});
  }

  draw() {
    keyed(this.tabs, TABS.map((name) => ({ name, count: this.#count(name), late: name === "queue" && this.#late(), chosen: name === this.tab })), (tab) => tab.name, (tab) => this.#tab(tab));
    fill(this.heading, t(`tab_${this.tab}`));
    this.#narrow();
    const items = this.items[this.#shelf(this.tab)];
    const here = location.hash.slice(1).split("/").slice(0, 2).join("/");
    const kind = { tickets: "ticket", wishes: "wish" }[this.tab] ?? "dialog";
    this.mixed = new Set((items ?? []).map((item) => item.channel)).size > 1; // else the channel says nothing
    const rows = (items ?? []).toSorted((one, other) => this.#calls(other) - this.#calls(one)).map((item) => ({ item, chosen: `${kind}/${item.id}` === here, words: this.tab === "search" ? this.words : "" }));
    keyed(this.rows, rows, ({ item }) => item.id, ({ item, ...how }) => row(kind, item, this.desk, how));
    const empty = this.tab === "search" && !this.words ? "search_intro" : `empty_${this.tab}`;
    fill(
      this.end,
      items && !items.length ? h("p", { class: "empty" }, t(empty)) : null,
      !items && this.tab !== "search" ? h("p", { class: "empty" }, t("loading")) : null,
      this.more ? button(t("more"), () => this.#further()) : null,
    );
  }

  #tab({ name, count, late, chosen }) {
    const words = t(`tab_${name}`);
    return h("button", { type: "button", "aria-current": chosen && "true", title: t(`do_${name === "search" ? name : `go_${name}`}`), data: { act: name }, onclick: () => this.choose(name, { focus: name === "search" }) }, icon(name), h("span", {}, words), count ? h("b", { class: late ? "count late" : "count" }, count) : null);
  }

  // A queue or tickets of one line, dialogs of one state.
  #narrow() {
    const { lines, me } = this.desk;
    const queues = lines.filter((line) => me.lines.length > 1 || !me.lines.includes(line.name));
    const choices = {
      queue: queues.length ? [["", t("my_lines")], ...queues.map((line) => [line.name, line.title, line.waiting])] : [],
      tickets: lines.length > 1 ? [["", t("every_line")], ...lines.map((line) => [line.name, line.title])] : [],
      all: [["", t("every_status")], ...[...ACTIVE, "resolved"].map((status) => [status, t(`status_${status}`)])],
    }[this.tab];
    this.chips.hidden = !choices?.length;
    const chosen = this.only[this.tab] ?? "";
    keyed(this.chips, (choices ?? []).map((choice) => [...choice, this.tab, choice[0] === chosen]), ([name]) => name, ([name, words, count]) =>
      h("button", { type: "button", "aria-pressed": String(name === chosen), data: { act: `only-${name}` }, onclick: () => this.choose(this.tab, { only: name }) }, words, typeof count === "number" && count > 0 && h("span", { class: "count" }, count)),
    );
  }

  #late() {
    return (this.items.queue ?? []).some((dialog) => dialog.promise && Date.parse(dialog.promise.due_at) < Date.now());
  }

  #count(tab) {
    const items = this.items[tab] ?? [];
    return { queue: items.length, mine: items.length, all: 0, search: 0 }[tab] ?? items.filter((item) => this.#calls(item)).length;
  }

  // Whether a ticket or a wish waits for me: it stands on my line unclaimed, is mine, or its words are to be read.
  #calls(item) {
    const { me } = this.desk;
    if ("announce" in item) return Number(item.announce === "review") * 2 + Number(item.status === "proposed" || Boolean(item.reason));
    if (!("home_line" in item)) return 0;
    if (item.assignee) return Number(item.assignee.id === me.id) * 2;
    return Number(me.lines.includes(item.line));
  }
}

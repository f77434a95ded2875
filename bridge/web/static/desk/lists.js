// The left column: who waits, what is mine, everything, tickets, wishes. Owns which list is shown and reading it.

import { get } from "../api.js";
import { fill, h, keyed, kept } from "../dom.js";
import { button } from "../forms.js";
import { serial } from "../live.js";
import { countdown, stamp } from "../time.js";
import { t } from "../words.js";

const TABS = ["queue", "mine", "all", "tickets", "wishes"];
const ACTIVE = ["open", "waiting", "snoozed"];
const SELDOM = 3000;

const query = (fields) => {
  const pairs = Object.entries(fields).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  return new URLSearchParams(pairs.filter(([, value]) => value != null && value !== ""));
};

export class Lists {
  tab = kept.get("desk:tab", "queue");
  search = "";
  items = {};
  more = null; // the cursor of what follows the shown list

  constructor(desk, root) {
    this.desk = desk;
    this.tabs = h("nav", { class: "tabs", "aria-label": t("lists") });
    this.tools = h("div", { class: "tools" });
    this.rows = h("ul", { class: "rows" });
    this.end = h("div", { class: "end" });
    this.read = serial(() => this.#read());
    this.find = h("input", { type: "search", placeholder: t("search"), "aria-label": t("search") });
    this.find.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => {
        this.search = this.find.value.trim();
        this.read().catch(() => {});
      }, 250);
    });
    const next = desk.works && button(t("take_next"), () => desk.next(), { kind: "primary wide", name: "next" });
    fill(root, h("div", { class: "top" }, next || null, this.tabs, this.tools), this.rows, this.end);
    this.choose(TABS.includes(this.tab) ? this.tab : "queue", false);
  }

  choose(tab, read = true) {
    this.tab = tab;
    this.more = null;
    kept.set("desk:tab", tab);
    fill(this.tools, tab === "all" && this.find);
    this.draw();
    if (read) this.read().catch(() => {});
  }

  // My queue and my dialogs are always read, for their counts; tickets and wishes now and then; all only while shown.
  async #read() {
    const tab = this.tab;
    const [queue, mine, shown] = await Promise.all([this.#queue(), this.#dialogs({ assignee: "me", status: ACTIVE, order: "due" }), this.#shown(tab), this.#around(tab)]);
    Object.assign(this.items, { queue, mine: mine.items });
    if (shown) {
      this.items[tab] = shown.items;
      this.more = shown.next;
    }
    document.title = queue.length ? `(${queue.length}) ${t("desk")}` : t("desk");
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
    const pages = await Promise.all(others.map((name) => this.#shown(name)));
    others.forEach((name, place) => (this.items[name] = pages[place].items));
  }

  async #queue() {
    const lines = this.desk.me.lines;
    const pages = await Promise.all(lines.map((line) => this.#dialogs({ line, status: "open", unclaimed: 1, order: "due" })));
    const due = (dialog) => (dialog.promise ? Date.parse(dialog.promise.due_at) : Infinity);
    return pages.flatMap((page) => page.items).sort((one, other) => due(one) - due(other));
  }

  #dialogs(fields) {
    return get(`dialogs?${query({ limit: 100, ...fields })}`);
  }

  #shown(tab, cursor = null) {
    if (tab === "all") return this.#dialogs({ order: "changed", search: this.search, cursor, limit: 50 });
    if (tab === "tickets") return get(`tickets?${query({ status: ["open", "passed", "returned"], cursor })}`);
    if (tab === "wishes") return get(`wishes?${query({ status: ["proposed", "new", "accepted", "scheduled", "shipped"], cursor })}`);
    return null;
  }

  async #further() {
    const page = await this.#shown(this.tab, this.more);
    this.items[this.tab] = [...this.items[this.tab], ...page.items];
    this.more = page.next;
    this.draw();
  }

  draw() {
    keyed(
      this.tabs,
      TABS.map((name) => ({ name, count: this.#count(name), chosen: name === this.tab })),
      (tab) => tab.name,
      (tab) =>
        h(
          "button",
          { type: "button", "aria-current": tab.chosen && "true", data: { act: tab.name }, onclick: () => this.choose(tab.name) },
          t(`tab_${tab.name}`),
          tab.count ? h("b", { class: "count" }, tab.count) : null,
        ),
    );
    const items = this.items[this.tab];
    const here = location.hash.slice(1);
    const first = (item) => this.#calls(item);
    const rows = (items ?? []).toSorted((one, other) => first(other) - first(one)).map((item) => ({ item, chosen: `${kind(this.tab)}/${item.id}` === here }));
    keyed(this.rows, rows, ({ item }) => item.id, (row) => this.#row(row));
    fill(
      this.end,
      items && !items.length ? h("p", { class: "empty" }, t(`empty_${this.tab}`)) : null,
      !items ? h("p", { class: "empty" }, t("loading")) : null,
      this.more && !["queue", "mine"].includes(this.tab) ? button(t("more"), () => this.#further()) : null,
    );
  }

  #count(tab) {
    const items = this.items[tab] ?? [];
    return { queue: items.length, mine: items.length, all: 0 }[tab] ?? items.filter((item) => this.#calls(item)).length;
  }

  // Whether a ticket or a wish waits for me: it stands on my line unclaimed, is mine, or its words are to be read.
  #calls(item) {
    const { me } = this.desk;
    if ("announce" in item) return Number(item.announce === "review") * 2 + Number(item.status === "proposed" || Boolean(item.reason));
    if (!("home_line" in item)) return 0;
    if (item.assignee) return Number(item.assignee.id === me.id) * 2;
    return Number(me.lines.includes(item.line));
  }

  #row({ item, chosen }) {
    const one = kind(this.tab);
    const make = { dialog: dialogRow, ticket: ticketRow, wish: wishRow }[one];
    return h("li", {}, h("a", { href: `#${one}/${item.id}`, class: "row", "aria-current": chosen && "true" }, make(item, this.desk)));
  }
}

const kind = (tab) => ({ tickets: "ticket", wishes: "wish" })[tab] ?? "dialog";

function priority(item) {
  return item.priority === "normal" ? null : h("span", { class: `badge ${item.priority}` }, t(`priority_${item.priority}`));
}

function dialogRow(dialog, desk) {
  return [
    h("span", { class: "head" }, h("b", { dir: "auto" }, dialog.contact.name || t("visitor")), dialog.promise ? countdown(dialog.promise) : stamp(dialog.changed_at)),
    h("span", { class: "preview", dir: "auto" }, dialog.preview),
    h(
      "span",
      { class: "foot" },
      h("span", { class: `status ${dialog.status}` }, t(`status_${dialog.status}`)),
      priority(dialog),
      h("span", {}, dialog.channel),
      desk.me.lines.includes(dialog.line) ? null : h("span", {}, desk.line(dialog.line).title),
      dialog.assignee ? h("span", { class: "who" }, dialog.assignee.id === desk.me.id ? t("you") : dialog.assignee.name) : null,
    ),
  ];
}

function ticketRow(ticket, desk) {
  return [
    h("span", { class: "head" }, h("b", { dir: "auto" }, `#${ticket.number} ${ticket.title}`), stamp(ticket.changed_at)),
    h("span", { class: "preview", dir: "auto" }, ticket.contact.name || t("visitor")),
    h(
      "span",
      { class: "foot" },
      h("span", { class: `status ${ticket.status}` }, t(`ticket_${ticket.status}`)),
      priority(ticket),
      h("span", {}, desk.line(ticket.line).title),
      ticket.assignee ? h("span", { class: "who" }, ticket.assignee.id === desk.me.id ? t("you") : ticket.assignee.name) : null,
    ),
  ];
}

function wishRow(wish) {
  return [
    h("span", { class: "head" }, h("b", { dir: "auto" }, `#${wish.number} ${wish.title}`), stamp(wish.changed_at)),
    h("span", { class: "preview", dir: "auto" }, wish.text),
    h(
      "span",
      { class: "foot" },
      h("span", { class: `status ${wish.announce === "review" ? "returned" : wish.status}` }, wish.announce === "review" ? t("to_review") : t(`wish_${wish.status}`)),
      wish.reason && wish.status !== "declined" ? h("span", { class: "badge high" }, t("question")) : null,
      h("span", {}, t("asked_by", { n: wish.asked })),
    ),
  ];
}

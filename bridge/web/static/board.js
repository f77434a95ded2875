// The developers' board: wishes and tasks by state. Owns the columns, the keyboard, and which wish stands beside them.

import "./words/board.js";
import { act, get, post } from "./api.js";
import { fill, h, keyed } from "./dom.js";
import { button } from "./forms.js";
import { Live, serial } from "./live.js";
import { now, tick } from "./time.js";
import { speak, t, translate } from "./words.js";
import { until } from "./wishes.js";
import { Details, newTask } from "./board/details.js";

const COLUMNS = [
  { name: "new", query: "status=new" },
  { name: "accepted", query: "status=accepted" },
  { name: "scheduled", query: "status=scheduled" },
  { name: "shipped", query: "status=shipped" },
  { name: "ended", query: "status=told&status=declined&order=changed" },
];
const MOST = 100;
const KEYS = { p: "pick", q: "ask", s: "ship", d: "decline" };
const MOVES = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0], j: [0, 1], k: [0, -1], l: [1, 0], h: [-1, 0] };
const at = (id) => document.getElementById(id);

class Board {
  details = null;
  #pages = [];
  #mine = false;

  async start() {
    this.me = await get("me");
    speak(this.me.language);
    translate(document);
    document.title = t("board");
    fill(at("me"), this.me.name);
    this.read = serial(() => this.#read());
    this.live = new Live(
      (connected) => {
        at("live").dataset.connected = connected;
        fill(at("live"), connected ? t("live") : t("reconnecting"));
      },
      () => location.assign("/login"),
    );
    this.#tools();
    tick();
    await this.read();
    addEventListener("hashchange", () => this.#route());
    addEventListener("keydown", (event) => this.#key(event));
    this.#route();
  }

  #tools() {
    this.filter = h("input", { type: "search", placeholder: t("board_filter"), "aria-label": t("board_filter"), oninput: () => this.draw() });
    const mine = h("button", { type: "button", "aria-pressed": "false", data: { act: "mine" } }, t("board_mine"));
    mine.addEventListener("click", () => {
      this.#mine = !this.#mine;
      mine.setAttribute("aria-pressed", this.#mine);
      this.draw();
    });
    const builds = this.me.role !== "agent";
    fill(
      at("tools"),
      this.filter,
      builds && mine,
      builds && button(t("new_task"), () => newTask(this), { name: "task" }),
      button(t("board_keys"), () => this.#help(), { name: "keys", kind: "quiet for-keys" }),
    );
  }

  async #read() {
    try {
      this.#pages = await Promise.all(COLUMNS.map(({ query }) => get(`wishes?${query}&limit=${MOST}`)));
      at("problem").hidden = true;
      this.draw();
    } catch (error) {
      this.complain(error);
    }
  }

  complain(error) {
    fill(at("problem"), error.message);
    at("problem").hidden = false;
  }

  draw() {
    if (!at("columns").childElementCount) {
      fill(at("columns"), COLUMNS.map(({ name }) => h("section", { "aria-labelledby": `column-${name}`, data: { column: name } }, h("h2", { id: `column-${name}` }), h("ul", { class: "cards" }), h("p", { class: "empty" }))));
    }
    const words = this.filter.value.trim().toLowerCase();
    const shown = (wish) => (!this.#mine || wish.assignee?.id === this.me.id) && `#${wish.number} ${wish.title} ${wish.assignee?.name ?? ""}`.toLowerCase().includes(words);
    COLUMNS.forEach(({ name }, place) => {
      const { items = [], next } = this.#pages[place] ?? {};
      const wishes = items.filter(shown).map((wish) => ({ wish, open: wish.id === this.details?.id }));
      const section = at("columns").querySelector(`[data-column="${name}"]`);
      fill(section.querySelector("h2"), t(`column_${name}`), " ", h("span", { class: "count" }, next ? `${wishes.length}+` : wishes.length));
      keyed(section.querySelector(".cards"), wishes, ({ wish }) => wish.id, ({ wish, open }) => this.#card(wish, open));
      fill(section.querySelector(".empty"), wishes.length ? "" : t(items.length ? "nothing_matches" : `column_${name}_empty`));
    });
  }

  #card(wish, open) {
    const task = wish.kind === "task";
    return h(
      "li",
      { class: "card", data: { wish: wish.id } },
      h(
        "a",
        { href: `#wish/${wish.id}`, "aria-current": open && "true", data: { act: "card" } },
        h("b", { dir: "auto" }, h("span", { class: "quiet" }, `#${wish.number}`), wish.title),
        h(
          "span",
          { class: "foot" },
          wish.status === "declined" && h("span", { class: "status declined" }, t("wish_declined")),
          task && h("span", { class: "badge low" }, t("task")),
          wish.announce === "review" && h("span", { class: "status returned" }, t("in_review")),
          wish.announce === "going" && h("span", { class: "status open" }, t("going_out")),
          wish.priority !== "normal" && h("span", { class: `badge ${wish.priority}` }, t(`priority_${wish.priority}`)),
          wish.reason && wish.status !== "declined" && h("span", { class: "asks" }, t("asks_agents")),
          until(wish, now()),
          !task && wish.shipped_at && wish.announce !== "review" && h("span", { class: "told" }, t("told_of", wish)),
          wish.missed > 0 && h("span", { class: "missed" }, t("not_told", { n: wish.missed })),
          task || (wish.shipped_at && wish.announce !== "review") ? null : h("span", {}, t("asked_by", { n: wish.asked })),
          wish.assignee && h("span", { class: "who" }, wish.assignee.id === this.me.id ? t("you") : wish.assignee.name),
        ),
      ),
    );
  }

  // -- one wish beside the columns

  #route() {
    const id = /^#wish\/(\w+)$/.exec(location.hash)?.[1];
    this.details = id ? new Details(this, at("details"), id) : null;
    at("details").hidden = !id;
    fill(at("details"), id && h("p", { class: "empty" }, t("loading")));
    const wanted = { board: () => this.read() };
    if (id) wanted[`wish:${id}`] = () => this.details?.read();
    this.live.show(wanted);
    this.draw();
    this.details?.read().catch((error) => {
      this.complain(error);
      this.close();
    });
  }

  close() {
    const id = this.details?.id;
    location.hash = "";
    if (id) at("columns").querySelector(`[data-wish="${id}"] a`)?.focus();
  }

  async act(kind, id, action, fields) {
    try {
      return await act(kind, id, action, fields);
    } finally {
      await Promise.all([this.read(), this.details?.read()]); // who was too slow sees who was faster
    }
  }

  async make(values) {
    const { wish } = await post("wishes", values);
    await this.read();
    location.hash = `#wish/${wish}`;
  }

  // -- the keyboard

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape") return typing ? event.target.blur() : this.close();
    if (typing) return;
    const { key } = event;
    if (MOVES[key] && !at("details").contains(event.target)) this.#move(...MOVES[key]);
    else if (KEYS[key]) this.#press(KEYS[key]);
    else if (key === "n" && this.me.role !== "agent") newTask(this);
    else if (key === "/") this.filter.focus();
    else if (key === "?") this.#help();
    else return;
    event.preventDefault();
  }

  #move(across, down) {
    const columns = [...at("columns").children].map((section) => [...section.querySelectorAll(".card a")]);
    const here = columns.findIndex((links) => links.includes(document.activeElement));
    if (here < 0) return columns.find((links) => links.length)?.[0].focus();
    const row = columns[here].indexOf(document.activeElement);
    if (down) return columns[here][row + down]?.focus();
    for (let place = here + across; columns[place]; place += across) {
      if (columns[place].length) return columns[place][Math.min(row, columns[place].length - 1)].focus();
    }
  }

  // A key means the wish that is open, else the card that has the focus, which opens.
  async #press(name) {
    const id = this.details?.id ?? document.activeElement.closest("[data-wish]")?.dataset.wish;
    if (!id) return;
    if (this.details?.id !== id) {
      location.hash = `#wish/${id}`;
      this.#route();
    }
    await this.details.read(); // a key acts on the wish as it is now
    this.details?.press(name);
  }

  #help() {
    const keys = [["↑ ↓ ← →", "move"], ["Enter", "open"], ["P", "pick"], ["Q", "ask"], ["S", "ship"], ["D", "decline"], ["N", "task"], ["/", "filter"], ["Esc", "close"]];
    const dialog = h("dialog", { class: "form", "aria-label": t("board_keys"), onclose: () => dialog.remove() }, h("h2", {}, t("board_keys")), h("dl", { class: "keys" }, keys.map(([key, name]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(`keys_${name}`))])), h("div", { class: "buttons" }, h("button", { type: "button", onclick: () => dialog.close() }, t("close"))));
    document.body.append(dialog);
    dialog.showModal();
  }
}

const board = new Board();
board.start().catch((error) => board.complain(error));

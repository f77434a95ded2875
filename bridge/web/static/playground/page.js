// The playground: who is played, what goes wrong, what happens meanwhile. Owns the page around the phone.

import { spoken } from "../words/playground.js";
import { fill, h, kept, keyed } from "../dom.js";
import { follow } from "../stream.js";
import { countdown, tick } from "../time.js";
import { language, speak, t, translate } from "../words.js";
import { act, arrive, ask, change } from "./api.js";
import { avatar } from "./icons.js";
import { Phone } from "./phone.js";

const at = (id) => document.getElementById(id);
const NAMES = { en: ["Anna", "Boris", "Chloe", "Daniel", "Emma", "Felix"], ru: ["Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор"] };
// What may go wrong: how it is scripted, what it befalls, and how long it lasts (0: until it is switched off).
const MISHAPS = [
  { name: "ill", befalls: "calls", script: { kind: "error", times: 0 } },
  { name: "slow", befalls: "calls", script: { kind: "slow", seconds: 8, times: 0 } },
  { name: "flood", befalls: "calls", script: { kind: "flood", seconds: 10, times: 1 } },
  { name: "lost", befalls: "calls", script: { kind: "drop", taken: true, times: 1 } },
  { name: "open", befalls: "calls", script: { kind: "hang", seconds: 60, times: 1 } },
  { name: "twice", befalls: "news", script: { kind: "duplicate", times: 0 } },
];

speak();
translate(document);
document.title = t("playground_title");
document.querySelectorAll("a[data-language]").forEach((link) => {
  if (link.dataset.language === language()) link.setAttribute("aria-current", "true");
});

let state = { platforms: {}, faults: [], rates: false };
let platform = null;
let customer = null;
let account = null;
let phone = null;
let say = t;
let blocked = false;
let lastCall = 0;

const who = () => state.platforms[platform];

// Another phone is taken into the hand: each remembers whose it is.
function take(name) {
  platform = name;
  customer = kept.get(`played:${platform}:customer`);
  account = kept.get(`played:${platform}:account`);
  latest = null;
  blocked = false;
  delete at("now").dataset.look;
  fill(at("now"));
  const { about } = who();
  say = spoken(about);
  at("writes-to").textContent = say("writes_to");
  phone?.close();
  phone = new Phone(at("phone"), { platform, about, problem, changed: (chat) => heard(chat) });
}

const inOrder = () => Object.keys(state.platforms).sort((one, other) => state.platforms[one].about.order - state.platforms[other].about.order);

function platforms() {
  const names = inOrder();
  at("platforms").closest("fieldset").hidden = names.length < 2;
  keyed(at("platforms"), names, (name) => name, choice, (name) => String(name === platform));
}

function choice(name) {
  const choose = () => {
    kept.set("played:platform", name);
    take(name);
    refresh();
  };
  const button = h("input", { type: "radio", name: "platform", value: name, checked: name === platform, onchange: choose, data: { act: name } });
  return h("label", { data: { platform: name } }, button, h("span", null, state.platforms[name].about.title));
}

async function refresh() {
  const found = await ask("state");
  if (!found) return;
  state = found;
  if (!who()) {
    const wanted = kept.get("played:platform");
    take(state.platforms[wanted] ? wanted : (inOrder().find((name) => state.platforms[name].accounts.length) ?? inOrder()[0]));
  }
  platforms();
  const { accounts, customers } = who();
  if (!accounts.some((one) => one.id === account)) account = accounts[0]?.id ?? null;
  if (!customers.some((one) => one.id === customer)) customer = customers.at(-1)?.id ?? null;
  if (!customer && account) {
    await welcome();
    return;
  }
  people();
  bots();
  faults();
  await phone.show(account, customer && customers.find((one) => one.id === customer));
  if (!account) nobody();
}

// The first who opens the page finds somebody to be.
let welcoming = false;
async function welcome() {
  if (welcoming) return;
  welcoming = true;
  customer = await arrive(platform, NAMES[language()][0], language(), problem);
  welcoming = false;
  if (customer) await refresh();
}

function people() {
  const items = who().customers.map((one) => ({ ...one, mine: one.id === customer, news: unread(one) }));
  keyed(at("people"), items, (one) => one.id, person);
  at("people").querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  const known = who().customers.map((one) => one.name);
  const field = at("new-name");
  const next = NAMES[language()].find((name) => !known.includes(name)) ?? "";
  if (document.activeElement !== field && !field.dataset.touched) field.value = next;
}

function person(one) {
  const news = one.news ? h("span", { class: "news" }, h("span", { class: "unseen" }, t("news"))) : null;
  const choose = () => {
    customer = one.id;
    kept.set(`played:${platform}:customer`, customer);
    refresh();
  };
  const props = { type: "button", class: "person", "aria-pressed": String(one.mine), onclick: choose, data: { act: one.id } };
  return h("li", null, h("button", props, avatar(one.id, one.name), h("span", { class: "name" }, one.name), news));
}

function unread(one) {
  const last = one.chats[account] ?? 0;
  return one.id !== customer && last > kept.get(`played:${one.id}`, 0);
}

function bots() {
  const { accounts } = who();
  const select = at("accounts");
  select.closest("label").hidden = accounts.length < 2;
  fill(select, accounts.map((one) => h("option", { value: one.id, selected: one.id === account }, one.name)));
}

function faults() {
  const items = MISHAPS.map((one) => ({ name: one.name, script: written(one), number: scripted(written(one))?.number }));
  const rows = [
    ...items.map((one) => toggle(one.name, one.number != null, () => script(one))),
    who().about.acts.includes("block") ? toggle("blocked", blocked, () => block(!blocked)) : null,
    toggle("rates", state.rates, () => change("POST", "switches", { rates: !state.rates }, problem)),
  ];
  const focused = document.activeElement?.dataset?.fault;
  fill(at("faults"), rows);
  if (focused) at("faults").querySelector(`[data-fault="${focused}"]`)?.focus();
}

// As it is told to the playground, of this platform alone.
const written = ({ script, befalls }) => ({ ...script, platform, method: who().about.mishaps[befalls] });
const scripted = (wanted) => state.faults.find((one) => one.kind === wanted.kind && one.method === wanted.method && one.platform === platform);

function toggle(name, on, flip) {
  const button = h("button", { type: "button", role: "switch", "aria-checked": String(on), "aria-labelledby": `fault-${name}`, "aria-describedby": `about-${name}`, data: { fault: name }, onclick: () => Promise.resolve(flip()).then(refresh) });
  const words = h("div", null, h("span", { id: `fault-${name}` }, say(`fault_${name}`)), h("small", { id: `about-${name}` }, say(`fault_${name}_text`)));
  return h("li", null, words, button);
}

function script({ number, script: body }) {
  return number == null ? change("POST", "faults", body, problem) : change("DELETE", `faults/${number}`, undefined, problem);
}

async function block(on) {
  if (account && customer) await act(platform, account, customer, on ? "block" : "unblock", {}, problem);
}

// What stands on the phone has been seen.
function heard(chat) {
  const last = who().customers.find((one) => one.id === customer)?.chats[account] ?? 0;
  kept.set(`played:${customer}`, Math.max(last, chat.last));
  if (blocked !== chat.blocked) {
    blocked = chat.blocked;
    faults();
  }
  dialog(chat);
}

let latest = null;
async function dialog(chat) {
  latest = chat;
  const found = await ask(`${platform}/${account}/${customer}/dialog`);
  if (latest !== chat) return;
  const look = JSON.stringify([found, chat.started, chat.blocked, chat.messages.some((one) => one.mine && !one.taken), language()]);
  if (at("now").dataset.look === look) return;
  at("now").dataset.look = look;
  fill(at("now"), story(found, chat));
}

function story(found, chat) {
  if (!chat.started) return h("p", null, say("now_begin"));
  const waiting = chat.messages.some((one) => one.mine && !one.taken);
  const parts = [];
  if (chat.blocked) parts.push(h("p", { class: "now-blocked" }, say("now_blocked")));
  else if (waiting) parts.push(h("p", null, say("now_waiting")));
  if (!found) return parts.length ? parts : h("p", null, say("now_nowhere"));
  const due = found.started_at && found.due_at ? [" ", countdown(found)] : null;
  parts.push(
    h("p", { class: "now-dialog" }, h("span", { class: `status ${found.status}` }, t(`status_${found.status}`)), due),
    h("p", null, found.assignee ? t("now_with", { name: found.assignee }) : found.status === "resolved" ? t("now_resolved") : t("now_line", { line: found.line })),
    h("p", null, h("a", { class: "button", href: `/desk#dialog/${found.id}`, target: "desk" }, t("now_open"))),
  );
  return parts;
}

function nobody() {
  fill(at("now"), h("p", null, say("now_nobody")), h("p", null, h("code", null, `${location.origin}/playground/${platform}`)));
}

async function calls() {
  if (!at("wire").open) return;
  const found = await ask(`calls?after=${lastCall}`);
  if (!found) return;
  const list = at("calls");
  const down = list.scrollHeight - list.scrollTop - list.clientHeight < 30;
  for (const one of found.items) {
    lastCall = Math.max(lastCall, one.number);
    if (one.method === "getUpdates" && one.verdict === "valid" && !one.fault) continue;
    list.append(call(one));
  }
  while (list.children.length > 60) list.firstElementChild.remove();
  if (down) list.scrollTop = list.scrollHeight;
  at("invalid").hidden = !found.invalid;
  at("invalid").textContent = t("invalid", { n: found.invalid });
}

function call(one) {
  const words = [...one.problems, one.error].filter(Boolean)[0] ?? "";
  const what = one.arguments.text ?? one.arguments.message?.text ?? one.arguments.caption ?? one.arguments.action ?? "";
  return h(
    "li",
    { class: one.fault ? "refused" : one.verdict },
    h("b", null, one.method),
    " ",
    h("span", { class: "code" }, one.fault ? t(`wire_${one.fault}`) : String(one.status)),
    h("small", null, words || String(what).slice(0, 80)),
  );
}

function problem(words) {
  const toast = at("toast");
  toast.textContent = words;
  toast.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => (toast.hidden = true), 6000);
}

at("arrive").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = at("new-name").value.trim();
  const made = name && (await arrive(platform, name, language(), problem));
  if (!made) return;
  customer = made;
  kept.set(`played:${platform}:customer`, made);
  delete at("new-name").dataset.touched;
  at("new-name").value = "";
  await refresh();
});
at("new-name").addEventListener("input", () => (at("new-name").dataset.touched = "1"));
at("accounts").addEventListener("change", () => {
  account = at("accounts").value;
  kept.set(`played:${platform}:account`, account);
  refresh();
});
at("wire").addEventListener("toggle", calls);
at("agents").hidden = !at("agents").querySelector("button");

follow(() => "/playground/api/events", {
  open: () => live(true),
  down: () => live(false),
  event: ({ data }) => woken(data),
});

function live(connected) {
  at("live").dataset.connected = connected;
  at("live").textContent = connected ? t("live") : t("reconnecting");
}

async function woken(keys) {
  const mine = `${platform}/${account}/${customer}`;
  const other = keys.some((key) => key !== mine && key !== "calls");
  if (!keys.length || other) await refresh();
  else if (keys.includes(mine)) await phone.refresh();
  if (keys.includes("calls")) await calls();
}

tick();
// Agents claim and resolve without a word to the platform.
setInterval(() => document.visibilityState === "visible" && latest && account && customer && dialog({ ...latest }), 2000);

// Messages as they stand on a phone. Owns how each kind looks; strangers' words only ever become text, never markup.

import { h } from "../dom.js";
import { language, t } from "../words.js";
import { fileUrl } from "./api.js";
import { icon } from "./icons.js";

// Albums are one row, everything else stands by itself.
export function groups(messages) {
  const rows = [];
  for (const one of messages) {
    const last = rows.at(-1);
    if (one.album && last?.album === one.album) last.messages.push(one);
    else rows.push({ key: one.id, album: one.album, messages: [one], follows: follows(last, one) });
  }
  return rows;
}

function follows(last, one) {
  const before = last?.messages.at(-1);
  return Boolean(before && !before.service && before.mine === one.mine && one.at - before.at < 300);
}

export function dayOf(row) {
  const date = new Date(row.messages[0].at * 1000);
  if (date.toDateString() === new Date().toDateString()) return t("today");
  return new Intl.DateTimeFormat(language(), { day: "numeric", month: "long" }).format(date);
}

const time = (one) => new Intl.DateTimeFormat(language(), { hour: "numeric", minute: "2-digit" }).format(new Date(one.at * 1000));

export function message(row, on) {
  const [one] = row.messages;
  if (one.service) return h("p", { class: "day-mark service" }, h("span", null, one.text || t("service_line")));
  const files = row.messages.flatMap((each) => each.files);
  const texts = row.messages.filter((each) => each.text);
  const bare = isBare(one, files);
  const picture = files.length > 0 && files.every(isPicture) && !bare;
  const low = !texts.length && (one.location || files.some((file) => file.kind === "voice" || file.kind === "audio"));
  const body = [
    one.reply_to && quoted(one.reply_to, on),
    picture ? pictures(files, on) : files.map((file) => attached(file, one, on)),
    one.location && map(one.location),
    one.contact && card(one.contact),
    one.dice && h("span", { class: "huge" }, one.dice.emoji),
    texts.map((each) => h("p", { class: "words" }, worded(each, on))),
  ];
  const foot = h("span", { class: "stamp" }, one.edited ? h("i", null, t("edited")) : null, h("time", { datetime: new Date(one.at * 1000).toISOString() }, time(one)), one.mine ? ticks(one) : null);
  const menu = h("button", { type: "button", class: "round act", "aria-label": t("message_menu"), "aria-haspopup": "menu", onclick: (event) => on.menu(event.currentTarget, one) }, icon("more"));
  const look = ["msg", one.mine ? "mine" : "theirs", row.follows ? "follows" : "", bare ? "bare" : "", picture ? "picture" : "", texts.length ? "" : "wordless", low ? "low" : ""].join(" ");
  return h(
    "div",
    { class: look, data: { message: one.id } },
    h(
      "div",
      { class: "column" },
      h("div", { class: "bubble" }, h("span", { class: "unseen" }, on.say(one.mine ? "you_said" : "bot_said")), body, reactions(one, on), foot),
      keyboard(one, on),
    ),
    menu,
  );
}

// Some of Telegram's reactions are signs that are black unless one asks for their picture.
export const shown = (emoji) => (/^\p{Emoji_Presentation}/u.test(emoji) || emoji.length > 2 ? emoji : `${emoji}\uFE0F`);

const isPicture = (file) => file.kind === "photo" || (["video", "animation"].includes(file.kind) && file.type.startsWith("video/"));
const isBare = (one, files) => files.some((file) => file.kind === "sticker") || Boolean(one.dice) || /^\p{Extended_Pictographic}{1,3}\uFE0F?$/u.test(one.text) && !one.reply_to;

// One tick: the platform has it. Two: the bot has taken it.
function ticks(one) {
  const name = one.taken ? "ticks" : "tick";
  return h("span", { class: `ticks ${one.taken ? "taken" : ""}`, role: "img", "aria-label": t(one.taken ? "taken" : "not_taken"), title: t(one.taken ? "taken" : "not_taken") }, icon(name));
}

function quoted(answered, on) {
  return h(
    "button",
    { type: "button", class: "quoted", onclick: () => on.find(answered.id) },
    h("b", null, on.say(answered.mine ? "you" : "the_bot")),
    h("span", null, answered.text || t("a_file")),
  );
}

function worded(one, on) {
  const parts = [];
  let done = 0;
  for (const entity of [...one.entities].sort((a, b) => a.offset - b.offset)) {
    if (entity.offset < done) continue;
    const text = one.text.slice(entity.offset, entity.offset + entity.length);
    parts.push(one.text.slice(done, entity.offset), marked(entity, text, on));
    done = entity.offset + entity.length;
  }
  return [...parts, one.text.slice(done)];
}

const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "code", blockquote: "q" };

function marked(entity, text, on) {
  if (entity.type === "bot_command") return h("button", { type: "button", class: "command", onclick: () => on.command(text) }, text);
  const url = { url: text, text_link: entity.url, email: `mailto:${text}` }[entity.type];
  if (url && /^(https?:\/\/|mailto:)/i.test(url)) return h("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, text);
  return TAGS[entity.type] ? h(TAGS[entity.type], null, text) : text;
}

function pictures(files, on) {
  return h("div", { class: `pictures n${Math.min(files.length, 4)}` }, files.map((file) => picture(file, on)));
}

function picture(file, on) {
  const url = fileUrl(on.platform, on.customer, file.id);
  if (file.type.startsWith("video/")) return h("video", { src: url, controls: true, preload: "metadata", "aria-label": t("a_video") });
  return h("a", { href: url, target: "_blank", "aria-label": t("a_photo") }, h("img", { src: url, alt: "", loading: "lazy", width: file.width, height: file.height }));
}

function attached(file, one, on) {
  const url = fileUrl(on.platform, on.customer, file.id);
  if (file.kind === "gone") return h("p", { class: "gone-file" }, t("file_gone"));
  if (file.kind === "sticker") return h("img", { class: "sticker", src: url, alt: t("a_sticker"), width: 150, height: 150 });
  if (file.kind === "voice" || file.kind === "audio") return sound(file, url);
  return h(
    "a",
    { class: "doc", href: url, target: "_blank", download: file.name || true },
    h("span", { class: "doc-icon" }, icon("file")),
    h("span", { class: "doc-name" }, h("b", null, file.name || t("a_file")), h("small", null, size(file.size))),
  );
}

function sound(file, url) {
  const player = new Audio();
  player.preload = "none";
  const bars = Array.from({ length: 34 }, (_, index) => {
    const bar = h("i");
    bar.style.height = `${20 + 80 * Math.abs(Math.sin(index * 12.9898 + Number(file.size)) * Math.cos(index * 0.7))}%`;
    return bar;
  });
  // Not every platform tells how long a sound is.
  const whole = file.duration == null ? "" : seconds(file.duration);
  const left = h("small", null, whole);
  const button = h("button", { type: "button", class: "round listen", "aria-label": t("play_voice"), onclick: toggle }, icon("play"));
  function toggle() {
    if (!player.src) player.src = url;
    if (player.paused) player.play();
    else player.pause();
  }
  const draw = () => {
    button.replaceChildren(icon(player.paused ? "play" : "pause"));
    button.setAttribute("aria-label", t(player.paused ? "play_voice" : "pause_voice"));
    const done = player.duration ? player.currentTime / player.duration : 0;
    bars.forEach((bar, index) => bar.classList.toggle("done", !player.ended && index / bars.length < done));
    left.textContent = player.currentTime && !player.ended ? seconds(player.currentTime) : whole;
  };
  for (const name of ["play", "pause", "timeupdate", "ended"]) player.addEventListener(name, draw);
  const name = file.name && file.kind === "audio" ? h("b", null, file.name) : null;
  return h("div", { class: "sound" }, button, h("div", { class: "wave-box" }, name, h("span", { class: "wave", "aria-hidden": "true" }, bars), left));
}

const seconds = (value) => `${Math.floor(value / 60)}:${String(Math.floor(value % 60)).padStart(2, "0")}`;

function size(bytes) {
  const units = language() === "ru" ? ["Б", "КБ", "МБ"] : ["B", "KB", "MB"];
  const step = bytes < 1024 ? 0 : bytes < 1_048_576 ? 1 : 2;
  return `${new Intl.NumberFormat(language(), { maximumFractionDigits: 1 }).format(bytes / 1024 ** step)} ${units[step]}`;
}

function map({ latitude, longitude }) {
  return h(
    "figure",
    { class: "map" },
    h("div", { class: "streets" }, icon("pin")),
    h("figcaption", null, t("a_place"), h("small", null, `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`)),
  );
}

function card({ first_name: name, phone_number: number }) {
  return h("div", { class: "doc" }, h("span", { class: "doc-icon" }, icon("contact")), h("span", { class: "doc-name" }, h("b", null, name), h("small", null, number)));
}

function reactions(one, on) {
  if (!one.reactions.length) return null;
  const sums = Map.groupBy ? Map.groupBy(one.reactions, (given) => given.emoji) : new Map(one.reactions.map((given) => [given.emoji, [given]]));
  return h(
    "div",
    { class: "chips" },
    [...sums].map(([emoji, given]) => {
      const mine = given.some((each) => each.mine);
      return h("button", { type: "button", class: mine ? "chip mine" : "chip", "aria-pressed": String(mine), "aria-label": t("react_with", { emoji }), onclick: () => on.react(one, mine ? "" : emoji) }, shown(emoji), given.length > 1 ? ` ${given.length}` : "");
    }),
  );
}

function keyboard(one, on) {
  if (!one.buttons.length) return null;
  const button = (each) =>
    each.url
      ? h("a", { class: "key", href: each.url, target: "_blank", rel: "noopener noreferrer" }, each.text)
      : h("button", { type: "button", class: "key", onclick: (event) => on.press(event.currentTarget, one, each.data) }, each.text);
  return h("div", { class: one.quick ? "keys quick" : "keys" }, one.buttons.map((row) => h("div", null, row.map(button))));
}

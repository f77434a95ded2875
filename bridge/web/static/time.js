// Moments and deadlines as people read them. Owns the server's clock and the one ticker of a page.

import { h } from "./dom.js";
import { language, t } from "./words.js";

let skew = 0;

// Learns how far the server's clock is from ours; its Date header counts whole seconds only.
export function heard(date) {
  const found = date ? Date.parse(date) + 500 - Date.now() : 0;
  if (!Number.isNaN(found)) skew = Math.abs(found) > 2000 ? found : 0;
}

export const now = () => Date.now() + skew;

export function clock(milliseconds) {
  const seconds = Math.floor(Math.abs(milliseconds) / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const pad = (number) => String(number).padStart(2, "0");
  if (hours >= 48) return t("days", { n: Math.floor(hours / 24) });
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

// The time left until a promise is due; it changes colour at 50 % and 80 %.
export function countdown(promise) {
  return painted(h("span", { class: "due", data: { since: Date.parse(promise.started_at), due: Date.parse(promise.due_at) } }));
}

// The seconds until a held message goes out.
export function hold(until) {
  return painted(h("span", { class: "hold", data: { until: Date.parse(until) } }));
}

function painted(element) {
  paint(element);
  return element;
}

function paint(element) {
  const { since, due, until } = element.dataset;
  if (until) {
    const left = Math.ceil((Number(until) - now()) / 1000);
    show(element, left > 0 ? t("sends_in", { n: left }) : t("sending"));
    return;
  }
  const left = Number(due) - now();
  const spent = (now() - Number(since)) / (Number(due) - Number(since));
  element.dataset.state = left < 0 ? "late" : spent >= 0.8 ? "soon" : spent >= 0.5 ? "half" : "calm";
  show(element, left < 0 ? t("overdue", { time: clock(left) }) : clock(left));
  if (!element.title) element.title = t("due_at", { time: moment(Number(due)) });
}

function show(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function tick() {
  setInterval(() => document.querySelectorAll("[data-due], [data-until]").forEach(paint), 500);
}

const format = (options) => new Intl.DateTimeFormat(language(), options);

// "14:05" today, "Mon 14:05" this week, "3 May, 14:05" before.
export function moment(value) {
  const date = new Date(value);
  const days = Math.abs(now() - date) / 86_400_000;
  if (date.toDateString() === new Date(now()).toDateString()) return format({ timeStyle: "short" }).format(date);
  if (days < 6) return format({ weekday: "short", hour: "2-digit", minute: "2-digit" }).format(date);
  return format({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(date);
}

export const day = (value) => format({ weekday: "long", day: "numeric", month: "long" }).format(new Date(value));
export const shortDay = (value) => format({ day: "numeric", month: "short" }).format(new Date(value));
export const date = (value) => format({ day: "numeric", month: "short", year: "numeric" }).format(new Date(value));

export function stamp(value) {
  return h("time", { datetime: value, title: format({ dateStyle: "long", timeStyle: "medium" }).format(new Date(value)) }, moment(value));
}

// What an <input type="datetime-local"> takes.
export function local(value) {
  const at = new Date(value);
  return new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

// The bridge's own lines in words. Owns the wording of `event` and `data`; an event it does not know keeps its text.

import { t } from "../words.js";
import { moment } from "../time.js";

export function wording(message, desk) {
  const data = message.data ?? {};
  const slots = {
    ...data,
    name: data.name ?? data.agent ?? data.by ?? "",
    line: data.line ? desk.line(data.line).title : "",
    until: data.until ? moment(data.until) : "",
    priority: data.priority ? t(`priority_${data.priority}`) : "",
    title: data.title ?? title(message.text),
    signs: (data.reactions ?? []).join(" "),
  };
  const key = `event_${message.event}`;
  const words = t(key, slots);
  return words === key ? message.text : words;
}

// "Ticket 7: Invoice is wrong (Second line)." → "Invoice is wrong"
const title = (text) => /^\w+ \d+: (.*?)( \([^()]*\))?\.$/s.exec(text)?.[1] ?? text;

const POINTS = ["failed", "contact_edited", "contact_deleted", "not_edited", "not_deleted"]; // to a message

export function link(message) {
  const { ticket, wish, seq } = message.data ?? {};
  if (seq && POINTS.includes(message.event)) return `#dialog/${message.dialog}/${seq}`;
  return ticket ? `#ticket/${ticket}` : wish ? `#wish/${wish}` : null;
}

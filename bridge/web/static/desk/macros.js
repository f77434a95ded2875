// Saved answers in a contact's language. Owns filling their slots, and asking for those that nobody can know.

import { get } from "../api.js";
import { ask } from "../forms.js";
import { t } from "../words.js";

const read = new Map(); // language → the macros in it, asked for once per page

export class Macros {
  constructor(language) {
    this.language = language;
  }

  all() {
    const language = this.language() ?? "";
    if (!read.has(language)) {
      const asked = get(`macros?${new URLSearchParams({ language })}`).then(({ items }) => items);
      asked.catch(() => read.delete(language)); // asked again next time
      read.set(language, asked);
    }
    return read.get(language).catch(() => []);
  }
}

// Calls `done` with the words, once every slot is known; `known` is name → value.
export function filled(macro, known, done) {
  const say = (values) => done(macro.text.replace(/\{(\w+)\}/g, (slot, name) => known[name] || values[name] || slot));
  const missing = macro.slots.filter((name) => !known[name]);
  if (!missing.length) return say({});
  return ask({
    key: `macro:${macro.name}`,
    title: macro.title,
    intro: macro.text,
    label: t("insert"),
    fields: missing.map((name) => ({ name, label: slotName(name), required: true })),
    run: (values) => void setTimeout(say, 0, values), // when the form has given the focus back
  });
}

const slotName = (name) => {
  const words = t(`slot_${name}`);
  return words === `slot_${name}` ? name : words;
};

// What desk and board show of a wish alike: who asked, in which words they will be told.

import { h, prose } from "./dom.js";
import { t, tIn } from "./words.js";

// Language → words for those who asked: what was written, else the usual ones, for each language that is spoken.
export function announcement(wish) {
  const spoken = new Set([...Object.keys(wish.announcement ?? {}), ...(wish.askers ?? []).map((asker) => asker.language)].filter(Boolean));
  if (!spoken.size) spoken.add("en");
  const usual = (code) => tIn(code, "usual_announcement", { title: wish.title });
  return Object.fromEntries([...spoken].sort().map((code) => [code, wish.announcement?.[code] ?? usual(code)]));
}

export function asked(wish, { link = false } = {}) {
  const state = (asker) => h("span", { class: `status ${asker.state}` }, t(`asker_${asker.state}`));
  return h(
    "ul",
    { class: "askers" },
    (wish.askers ?? []).map((asker) =>
      h(
        "li",
        {},
        h("blockquote", { dir: "auto" }, prose(asker.text)),
        h("p", { class: "by" }, link ? h("a", { href: `#dialog/${asker.dialog}`, dir: "auto" }, asker.contact || t("visitor")) : h("b", { dir: "auto" }, asker.contact || t("visitor")), h("span", {}, asker.channel), asker.state !== "asked" && state(asker), asker.reason && h("span", { class: "why" }, asker.reason)),
      ),
    ),
  );
}

// What a message bears besides its words: what it answers, a place, a person, reactions, what it said before.
// Owns how each of these looks. Strangers' words only ever become text; an address becomes a link only to the web.

import { h, prose } from "../dom.js";
import { stamp } from "../time.js";
import { t } from "../words.js";

// The words that this message answers; a press goes there.
export function quoted({ dialog, data }) {
  const { quote } = data ?? {};
  if (!quote) return null;
  const name = quote.author && (quote.author.kind === "bot" ? t("bot") : quote.author.name || t("visitor"));
  const words = [name && h("b", { dir: "auto" }, name), h("span", { dir: "auto" }, quote.text || t("earlier_message"))];
  return quote.seq ? h("a", { class: "quoted", href: `#dialog/${quote.dialog ?? dialog}/${quote.seq}` }, words) : h("p", { class: "quoted" }, words);
}

// Lines for what is no text.
export function about({ data }) {
  const { forwarded, reply_elsewhere: elsewhere, said_by: speaker, guest, emoji, location, contact, poll, unsupported, detail, entities } = data?.about ?? {};
  const lines = [
    speaker && h("b", { dir: "auto" }, speaker),
    forwarded && t("forwarded", { name: forwarded.from || t("somebody") }),
    elsewhere && t(elsewhere.kind === "story" ? "answers_story" : "answers_elsewhere", { name: elsewhere.from || t("somebody") }),
    guest && t("wrote_elsewhere", { name: guest }),
    emoji,
    location && place(location),
    contact && person(contact),
    poll && [`📊 ${poll.question ?? ""}`, h("ul", {}, (poll.options ?? []).map((option) => h("li", { dir: "auto" }, option)))],
    unsupported && h("i", {}, t("unsupported", { kind: named(unsupported), detail: detail ?? "" })),
    ...(Array.isArray(entities) ? entities : []).filter(({ url }) => url).map(({ url }) => ["🔗 ", prose(url)]),
    data?.start && t("came_by", { start: data.start }),
  ];
  return lines.filter(Boolean).map((line) => h("div", { class: "about", dir: "auto" }, line));
}

function place({ latitude, longitude, title, address, live }) {
  const where = [latitude, longitude].every(Number.isFinite) && `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  const link = where && h("a", { href: `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`, target: "_blank", rel: "noopener noreferrer nofollow" }, where);
  return ["📍 ", [title, address].filter(Boolean).join(", "), (title || address) && link && " · ", link, live && ` (${t("moves")})`];
}

const person = ({ name, phone }) => ["👤 ", name ?? "", name && phone && " · ", phone && (/^\+?[\d ()-]+$/.test(phone) ? h("a", { href: `tel:${phone.replace(/[^\d+]/g, "")}` }, phone) : phone)];

// A kind of content in words; one that is newer than this page is named as it comes.
function named(kind) {
  const words = t(`kind_${kind}`);
  return words === `kind_${kind}` ? kind.replaceAll("_", " ") : words;
}

export function reactions({ data }) {
  const all = data?.reactions ?? [];
  return all.length > 0 && h("p", { class: "reactions", role: "img", "aria-label": t("reactions", { signs: all.join(" ") }) }, all.join(" "));
}

// That a message was changed; what it said before is one press away.
export function edited({ edited_at: at, data }) {
  const earlier = data?.earlier ?? [];
  if (!earlier.length) return at && h("p", { class: "edited" }, t("edited"));
  const rows = earlier.map((one) => h("li", {}, stamp(one.at), h("p", { dir: "auto" }, prose(one.text || t("no_words")))));
  return h("details", { class: "edited" }, h("summary", {}, t("edited")), h("ol", { "aria-label": t("said_before") }, rows));
}

// What was asked of the platform, and where a correction stands.
export function asked({ dialog, data }) {
  const { pending, corrected } = data ?? {};
  return [
    pending && h("p", { class: "quiet", role: "status" }, t(`pending_${pending}`)),
    corrected && h("p", { class: "quiet" }, h("a", { href: `#dialog/${dialog}/${corrected}` }, t("corrected"))),
  ];
}

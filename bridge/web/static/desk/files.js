// Files of messages. Owns how each looks, and what can be done about one that has not come from its platform.

import { h, ours } from "../dom.js";
import { button } from "../forms.js";
import { t } from "../words.js";

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

// `retry(seq)`, where it may be asked for, has the files of a message fetched again; a file names its own as `seq`.
export function files(all, retry) {
  return all.length > 0 && h("div", { class: all.length > 1 ? "files many" : "files" }, all.map((one) => file(one, retry)));
}

export function file(one, retry) {
  const { id, name, type, url, size, state } = one;
  const label = h("span", { dir: "auto" }, name);
  if (state === "pending") return h("p", { class: "file pending" }, label, h("small", {}, t("file_pending"), one.reason && ` (${why(one)})`));
  if (state === "failed") {
    const again = retry && button(t("retry"), () => retry(one.seq), { name: `refetch-${id}` });
    return h("p", { class: "file failed" }, label, h("small", {}, `${t("file_failed")}: ${why(one)}`), again);
  }
  const href = ours(url || `/api/v1/files/${encodeURIComponent(id)}`);
  if (!href) return h("p", { class: "file" }, name);
  const kilobytes = h("small", {}, t("kilobytes", { n: Math.max(1, Math.round(size / 1024)) }));
  const link = (shown) => h("a", { class: "file", href, target: "_blank", rel: "noopener", download: shown ? null : name }, shown, label, kilobytes);
  if (PICTURES.includes(type)) return link(h("img", { src: href, alt: "", loading: "lazy" }));
  const [kind] = type.split("/");
  if (kind !== "audio" && kind !== "video") return link();
  return h("div", { class: "played" }, h(kind, { src: href, controls: true, preload: kind === "video" ? "metadata" : "none", "aria-label": name }), link());
}

const why = ({ reason }) => t("file_reason", { reason: reason ?? "?" });

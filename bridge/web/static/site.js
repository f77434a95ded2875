// The demo page of a site with the chat on it.

import "./chat.js";
import { h } from "./dom.js";
import { language, speak, t, translate } from "./words.js";

speak();
translate(document);
document.title = t("shop_name");
document.querySelectorAll("[data-language]").forEach((link) => {
  if (link.dataset.language === language()) link.setAttribute("aria-current", "true");
});
const channel = decodeURIComponent(location.pathname.split("/")[2]);
document.querySelector(".talk").append(h("bridge-chat", { channel, lang: language() }));

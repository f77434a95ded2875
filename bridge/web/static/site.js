// The demo page of a site. The chat on it comes by its own tag, as on anybody's site.

import "./words/site.js";
import { language, speak, t, translate } from "./words.js";

speak();
translate(document);
document.title = t("shop_name");
document.querySelectorAll("[data-language]").forEach((link) => {
  if (link.dataset.language === language()) link.setAttribute("aria-current", "true");
});

// The start page and the doors: words in the reader's language.

import "./words/doors.js";
import { language, speak, translate } from "./words.js";

speak(document.body.dataset.language);
translate(document);
document.title = document.querySelector("h1").textContent;
document.querySelectorAll("a[data-language]").forEach((link) => {
  if (link.dataset.language === language()) link.setAttribute("aria-current", "true");
});

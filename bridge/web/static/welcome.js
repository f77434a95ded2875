// The start page and the sign-in page: words in the reader's language, and the link that was just refused.

import { language, speak, translate } from "./words.js";

speak();
translate(document);
document.title = document.querySelector("h1").textContent;
document.querySelectorAll("[data-language]").forEach((link) => {
  if (link.dataset.language === language()) link.setAttribute("aria-current", "true");
});
const spent = document.getElementById("spent");
if (spent) spent.hidden = !new URLSearchParams(location.search).has("link");

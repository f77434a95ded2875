// Where there is JavaScript, who has written a letter finds it in the chat as well: the form's key is a chat's token.

import { kept } from "./dom.js";

const name = `chat:${decodeURIComponent(location.pathname.split("/").at(-2))}`;
const form = document.querySelector("form");
form?.addEventListener("submit", () => kept.get(`${name}:token`) || kept.set(`${name}:letter`, form.elements.once.value));

const follow = document.querySelector("#follow");
const letter = kept.get(`${name}:letter`);
if (follow && letter) {
  kept.set(`${name}:token`, letter);
  kept.set(`${name}:letter`, null);
  follow.hidden = false;
}

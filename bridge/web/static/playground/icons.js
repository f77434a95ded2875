// Small drawings of one stroke, and the round pictures of people. Owns their shapes; they say nothing that a label does not.

import { h } from "../dom.js";

const SHAPES = {
  back: "m15 5-7 7 7 7",
  clip: "m20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.4 8.4a1.7 1.7 0 0 1-2.4-2.4L14.5 7",
  send: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  close: "M6 6l12 12M18 6 6 18",
  reply: "M9 7 4 12l5 5M4.5 12H14a6 6 0 0 1 6 6",
  edit: "M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4",
  trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
  photo: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9.5v.01",
  album: "M7 8h13v12H7zM4 17V4h13M7 17l4-4 3 3 2-2 4 4",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  voice: "M12 15a3.5 3.5 0 0 0 3.5-3.5v-5a3.5 3.5 0 0 0-7 0v5A3.5 3.5 0 0 0 12 15zM5 11.5a7 7 0 0 0 14 0M12 18.5V21",
  pin: "M12 21s7-6.2 7-11.5a7 7 0 0 0-14 0C5 14.8 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  contact: "M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0",
  sticker: "M20 12a8 8 0 1 0-8 8c0-4 4-8 8-8zM9 10v.01M14.5 9.500v.01M9 13.500c1 1 2.5 1.2 3.5.800",
  dice: "M5 5h14v14H5zM9 9v.01M15 15v.01M12 12v.01M15 9v.01M9 15v.01",
  link: "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1-1",
  block: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM5.7 5.700l12.6 12.6",
  play: "M8 5v14l11-7z",
  pause: "M8 5v14M16 5v14",
  tick: "m4 12.5 5 5 10.5-11",
  ticks: "m1.5 12.5 5 5 10-11M10 16.500l1 1 10.5-11",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon ${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

export function avatar(id, name) {
  const hue = [...String(id)].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 6, 3);
  return h("span", { class: `avatar hue-${hue}`, "aria-hidden": "true" }, ([...name.trim()][0] ?? "?").toUpperCase());
}

// Small drawings of one stroke. Owns their shapes; they say nothing that a label beside them does not say.

const SHAPES = {
  queue: "M3 12h5l1.5 3h5L16 12h5M5.5 5h13L21 12v6a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-6z",
  mine: "M12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0",
  all: "M4 6h16M4 12h16M4 18h16",
  tickets: "M4 7h16v3a2 2 0 0 0 0 4v3H4v-3a2 2 0 0 0 0-4zM13 7v10",
  wishes: "m12 4 2.4 5 5.6.7-4.1 3.8 1.1 5.5-5-2.8-5 2.8 1.1-5.5L4 9.7l5.6-.7z",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l1.5 1h-15zM10 21h4",
  muted: "M6 17V11a6 6 0 0 1 9-5.2M18 11v6l1.5 1h-13M10 21h4M4 4l16 16",
  clip: "m20 11-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.4 8.4a1.7 1.7 0 0 1-2.4-2.4L14.5 7",
  macro: "M13 3 5 14h6l-1 7 8-11h-6z",
  send: "M4 12 20 4l-5 16-3.5-6.5zM11.5 13.5 20 4",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

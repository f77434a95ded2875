// Plots as SVG from numbers. Owns shapes and scales; what they say stands in a table beside them, for those who do not see.

const SVG = "http://www.w3.org/2000/svg";

function s(tag, props, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child != null));
  return element;
}

const titled = (words) => {
  const title = s("title", {});
  title.textContent = words;
  return title;
};

function text(words, props) {
  const element = s("text", props);
  element.textContent = words;
  return element;
}

// Kept and broken by hour of the day, one column an hour. `hours`: {hour, met, breached, words}.
export function columns(hours, label) {
  const [width, height, foot] = [720, 180, 22];
  const most = Math.max(1, ...hours.map(({ met, breached }) => met + breached));
  const scale = (height - foot - 16) / most;
  const step = width / 24;
  const bars = hours.flatMap(({ hour, met, breached, words }) => {
    const x = hour * step + 3;
    const base = height - foot;
    const bar = (kind, from, number) =>
      number ? s("rect", { class: kind, x, y: base - (from + number) * scale, width: step - 6, height: number * scale }) : null;
    return [s("g", {}, titled(words), bar("met", 0, met), bar("breached", met, breached))];
  });
  const ticks = [0, 3, 6, 9, 12, 15, 18, 21].map((hour) =>
    text(`${hour}:00`, { x: hour * step + step / 2, y: height - 5, "text-anchor": "middle" }),
  );
  return s(
    "svg",
    { class: "plot", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    s("line", { class: "axis", x1: 0, x2: width, y1: height - foot, y2: height - foot }),
    text(String(most), { x: 0, y: 11, class: "most" }),
    ...bars,
    ...ticks,
  );
}

// One bar of kept and broken, as long as its share of the largest group.
export function bar({ met, breached }, most, words) {
  const total = met + breached;
  const width = (100 * total) / Math.max(1, most);
  const kept = total ? (width * met) / total : 0;
  return s(
    "svg",
    { class: "bar-plot", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    titled(words),
    s("rect", { class: "met", x: 0, y: 0, width: kept, height: 8 }),
    s("rect", { class: "breached", x: kept, y: 0, width: width - kept, height: 8 }),
  );
}

// Median and 95th percentile on one line of time up to `most` seconds, and the point that was promised where it is known.
export function range({ median_seconds: median, p95_seconds: p95 }, most) {
  if (median == null) return null;
  const at = (seconds) => 2 + 96 * Math.sqrt(Math.min(1, seconds / Math.max(1, most)));
  return s(
    "svg",
    { class: "range-plot", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("line", { class: "axis", x1: 2, x2: 98, y1: 4, y2: 4 }),
    s("rect", { class: "span", x: at(median), y: 2.5, width: Math.max(0.8, at(p95) - at(median)), height: 3 }),
    s("rect", { class: "median", x: at(median) - 0.6, y: 0.5, width: 1.2, height: 7 }),
  );
}

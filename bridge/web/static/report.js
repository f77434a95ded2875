// The report on promises: figures, plots and tables from the API. Owns which days are asked for; they stand in the address.

import "./words/report.js";
import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { bar, columns, range } from "./plots.js";
import { stamp } from "./time.js";
import { language, speak, t, translate } from "./words.js";

const GROUPS = ["channel", "hour", "agent", "line"];
const CAUSES = ["nobody", "hours", "unclaimed", "unanswered", "passed", "late", "failed"];
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const at = (id) => document.getElementById(id);

class Report {
  #asked = 0;

  async start() {
    const me = await get("me");
    speak(me.language);
    translate(document);
    document.title = t("report");
    fill(at("me"), me.name);
    this.form = at("asked");
    const said = new URLSearchParams(location.search);
    const today = new Date();
    this.form.elements.to.value = said.get("to") || day(today);
    this.form.elements.from.value = said.get("from") || day(new Date(today - 29 * 86_400_000));
    this.form.elements.kind.value = said.get("kind") === "next-response" ? "next-response" : "first-response";
    this.form.addEventListener("change", () => this.read());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    await this.read();
  }

  async read() {
    if (!this.form.checkValidity()) return;
    const { kind, from, to } = Object.fromEntries(new FormData(this.form));
    const here = new URLSearchParams(location.search);
    Object.entries({ kind, from, to }).forEach(([name, value]) => here.set(name, value));
    history.replaceState(null, "", `?${here}`);
    const path = (name, fields = {}) => `reports/${kind}${name}?${new URLSearchParams({ from, to, zone: ZONE, ...fields })}`;
    const mine = ++this.#asked;
    try {
      const [breaches, ...reports] = await Promise.all([get(path("/breaches", { limit: 20 })), ...GROUPS.map((by) => get(path("", { by })))]);
      if (mine !== this.#asked) return; // other days were asked for meanwhile
      at("problem").hidden = true;
      this.#figures(reports[0].total);
      fill(at("groups"), reports.map((report) => this.#group(report, `/api/v1/${path(".csv", { by: report.by })}`)));
      this.#breaches(breaches, `/api/v1/${path("/breaches.csv")}`);
    } catch (error) {
      if (mine !== this.#asked) return;
      fill(at("problem"), error.message);
      at("problem").hidden = false;
    }
  }

  #figures(total) {
    const figure = (name, value, note) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, value, note && h("small", {}, note)));
    const counts = ["breached", "void", "running"].filter((name) => total[name]).map((name) => `${total[name]} ${t(`report_${name}`)}`);
    fill(
      at("figures"),
      figure("report_met", percent(total.met_percent)),
      figure("report_median", span(total.median_seconds)),
      figure("report_within", span(total.p95_seconds)),
      figure("report_number", number(total.met + total.breached + total.void + total.running), counts.join(", ")),
    );
  }

  #group(report, csv) {
    const { by, groups } = report;
    const title = t(`by_${by}`);
    const most = Math.max(1, ...groups.map(({ met, breached }) => met + breached));
    const slowest = Math.max(1, ...groups.map(({ p95_seconds }) => p95_seconds ?? 0));
    const rows = groups.map((group) => {
      const words = t("plot_kept", group);
      return h(
        "tr",
        {},
        h("th", { scope: "row", dir: "auto" }, group.title || t("nobody_yet")),
        h("td", { class: "wide" }, bar(group, most, words)),
        h("td", {}, percent(group.met_percent)),
        h("td", {}, group.breached ? h("span", { class: "late" }, number(group.breached)) : "0", " ", h("small", {}, t("of_number", { n: number(group.met + group.breached) }))),
        h("td", { class: "wide" }, range(group, slowest)),
        h("td", {}, span(group.median_seconds)),
        h("td", {}, span(group.p95_seconds)),
      );
    });
    const heads = [`of_${by}`, "", "report_met", "report_broken", "", "report_median", "report_p95"];
    const table = h(
      "div",
      { class: "scroll", tabindex: 0, role: "group", "aria-label": title },
      h("table", {}, h("thead", {}, h("tr", {}, heads.map((name) => (name ? h("th", { scope: "col" }, t(name)) : h("td", { class: "wide" }))))), h("tbody", {}, rows)),
    );
    const plotted = by === "hour" && groups.length > 0;
    const hours = groups.map((group) => ({ ...group, hour: Number(group.key), words: `${group.title}: ${t("plot_kept", group)}` }));
    return h(
      "section",
      { class: "group", "aria-labelledby": `by-${by}` },
      h("header", {}, h("h2", { id: `by-${by}` }, title), sheet(csv, title)),
      !groups.length && h("p", { class: "empty" }, t("no_promises")),
      plotted && columns(hours, title),
      plotted && legend(),
      groups.length > 0 && (plotted ? h("details", {}, h("summary", {}, t("as_table")), table) : table),
    );
  }

  #breaches({ causes, items }, csv) {
    const most = Math.max(1, ...Object.values(causes));
    const known = [...CAUSES].filter((cause) => causes[cause]).sort((one, other) => causes[other] - causes[one]);
    const why = known.map((cause) =>
      h("li", {}, h("b", {}, number(causes[cause])), h("span", {}, h("b", {}, t(`cause_${cause}`)), " ", h("span", { class: "quiet" }, t(`why_${cause}`)), bar({ met: 0, breached: causes[cause] }, most, t(`cause_${cause}`)))),
    );
    const rows = items.map((one) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, h("a", { href: `/desk#dialog/${one.dialog}`, dir: "auto" }, one.contact || t("visitor"))),
        h("td", {}, one.channel),
        h("td", {}, stamp(one.started_at)),
        h("td", {}, stamp(one.due_at)),
        h("td", {}, one.answered_at ? stamp(one.answered_at) : t("breach_not_answered")),
        h("td", {}, span(one.took_seconds)),
        h("td", {}, one.assignee?.name ?? "–"),
        h("td", {}, one.answered_by?.name ?? "–"),
        h("td", {}, t(`cause_${one.cause}`)),
      ),
    );
    const heads = ["breach_dialog", "channel", "breach_asked", "breach_due", "breach_answered", "breach_after", "breach_had", "breach_by", "breach_cause"];
    fill(
      at("breaches"),
      h("header", {}, h("h2", { id: "breaches-title" }, t("breaches_title")), sheet(csv, t("breaches_title"))),
      known.length ? h("ul", { class: "causes" }, why) : h("p", { class: "empty" }, t("no_breaches")),
      items.length > 0 && h("h3", {}, t("breaches_latest")),
      items.length > 0 &&
        h(
          "div",
          { class: "scroll", tabindex: 0, role: "group", "aria-label": t("breaches_latest") },
          h("table", {}, h("thead", {}, h("tr", {}, heads.map((name) => h("th", { scope: "col" }, t(name))))), h("tbody", {}, rows)),
        ),
    );
  }
}

const sheet = (href, what) => h("a", { href, download: "", "aria-label": t("as_csv_of", { what }) }, t("as_csv"));
const legend = () => h("p", { class: "legend" }, h("span", { class: "met" }, t("report_met_n")), h("span", { class: "breached" }, t("report_breached")));
const number = (value) => new Intl.NumberFormat(language()).format(value);
const percent = (value) => (value == null ? "–" : `${new Intl.NumberFormat(language(), { maximumFractionDigits: 1 }).format(value)} %`);
const day = (date) => new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);

// "48 s", "3.5 min", "2.1 h"
function span(seconds) {
  if (seconds == null) return "–";
  const [unit, value] = seconds < 100 ? ["seconds", seconds] : seconds < 6000 ? ["minutes", seconds / 60] : ["hours", seconds / 3600];
  const n = new Intl.NumberFormat(language(), { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
  return t(`unit_${unit}`, { n });
}

new Report().start().catch((error) => {
  fill(at("problem"), error.message);
  at("problem").hidden = false;
});

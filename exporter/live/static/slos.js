// SLO cards, worst first.

import { bar, el, listOrEmpty, minutes, percent, pill, span, sparkline, times } from "./dom.js";

const ORDER = ["breached", "at risk", "no data", "not measured", "ok"];
const TONES = { breached: "bad", "at risk": "warn", ok: "good" };
const SHOWN = 300; // worst first, so what is left out is fine
const EMPTY =
  "Nothing is measured yet. Every SLO of the spec appears here with its status and what is left of its error budget: " +
  "add one under slos: and run winburn check.";

export const worstFirst = (one, other) =>
  ORDER.indexOf(one.status) - ORDER.indexOf(other.status) ||
  (one.budget_ratio ?? Infinity) - (other.budget_ratio ?? Infinity) ||
  one.name.localeCompare(other.name) ||
  one.group.localeCompare(other.group);

export function drawSlos(document_, category, history) {
  const all = Object.entries(document_.slos);
  const chosen = all.filter(([, slo]) => !category || slo.category === category).sort((a, b) => worstFirst(a[1], b[1]));
  const rows = chosen.slice(0, SHOWN).map(([key, slo]) => [key, slo, document_.at]);
  const empty = all.length ? `No SLO of the category ${category}; choose another.` : EMPTY;
  listOrEmpty("slos", rows, (slo, at) => card(slo, at, history), empty);
  const more = chosen.length > SHOWN ? `, the worst ${SHOWN} shown` : "";
  document.getElementById("slos-count").textContent = all.length ? `${chosen.length} of ${all.length}${more}` : "";
  return chosen.map(([, slo]) => slo);
}

export const burnKey = (slo) => `burn ${slo.name} ${slo.group}`;

function card(slo, at, history) {
  const share = slo.budget_ratio;
  const tone = share === null ? "" : share <= 0 ? "bad" : share < 0.25 ? "warn" : "good";
  const details = [slo.group, slo.service, slo.category, slo.objective === null ? "" : percent(slo.objective, 2)];
  return el(
    "li", { class: `card ${TONES[slo.status] ?? "none"}` },
    el("div", { class: "head" },
      el("h3", {}, slo.name, el("span", { class: "sub" }, details.filter(Boolean).join(" · "))),
      pill(slo.status, TONES[slo.status])),
    share === null
      ? el("p", { class: "soft" }, "budget not known yet")
      : el("p", { class: "budget" },
          el("span", { class: "big" }, percent(share)), " of the budget left",
          el("span", { class: "sub" }, `${minutes(slo.budget_minutes)} of outage`), bar(share, tone)),
    el("dl", { class: "burns" }, ...["5m", "1h", "6h", "3d"].map((window) =>
      el("div", {}, el("dt", {}, el("span", { class: window === "5m" ? "" : "hidden" }, "burn "), window),
        el("dd", {}, times(slo.burn[window]))))),
    el("p", { class: "sub foot" }, outlook(slo, at)),
    sparkline(history.of(burnKey(slo)), 1),
  );
}

function outlook(slo, at) {
  const parts = [];
  const gone = slo.exhausted_at["0.5"];
  if (slo.budget_ratio !== null && slo.budget_ratio <= 0) parts.push("budget gone");
  else if (gone !== undefined) parts.push(gone > at ? `budget gone in ${span(gone - at)}` : "budget gone about now");
  else if (slo.exhaustion_probability !== null) parts.push(`${percent(slo.exhaustion_probability, 0)} chance to run out`);
  if (slo.trend) parts.push(slo.trend);
  return parts.join(" · ") || "burn rate by window";
}

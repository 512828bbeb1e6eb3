// The table of content variants: sortable, actual against predicted.

import { count, el, NONE, percent, pill, reconcile, signed } from "./dom.js";

const COLUMNS = [
  ["variant", "Variant", false],
  ["persona", "Persona", false],
  ["pattern", "Pattern", false],
  ["impressions", "Impressions", true],
  ["interactions", "Interactions", true],
  ["engagement", "Engagement", true],
  ["predicted", "Predicted", true],
  ["against_prediction", "Against prediction", true],
  ["state", "State", false],
];
const SHOWN = 200;
const EMPTY =
  "No content variant yet. Each appears here with its engagement against what was predicted, seconds after it changes: " +
  "name the database under engagement: in the spec.";
const TONES = { killed: "bad", poor: "warn", "as expected": "good", behind: "none" };
const order = { by: "impressions", down: true };

/** In words, from 0.9 and 0.7 of the prediction on. */
function state(row) {
  if (row.killed) return "killed";
  if (row.against_prediction === null) return "";
  return row.against_prediction >= -0.1 ? "as expected" : row.against_prediction >= -0.3 ? "behind" : "poor";
}

function compare(one, other) {
  const [a, b] = [one, other].map((row) => (order.by === "state" ? state(row) : row[order.by]));
  // What is not known stands last, whatever the direction.
  if (a === null || b === null) return (a === null) - (b === null) || one.variant.localeCompare(other.variant);
  const way = typeof a === "string" ? a.localeCompare(b) : a - b;
  return (order.down ? -way : way) || one.variant.localeCompare(other.variant);
}

function toned(row) {
  if (row.against_prediction === null) return el("span", { class: "soft" }, NONE);
  const tone = row.against_prediction >= -0.1 ? "" : row.against_prediction >= -0.3 ? "soft" : "badword";
  return el("span", { class: tone }, signed(row.against_prediction));
}

function line(row) {
  const word = state(row);
  const cells = {
    persona: row.persona, pattern: row.pattern || NONE, impressions: count(row.impressions),
    interactions: count(row.interactions), engagement: percent(row.engagement, 2), predicted: percent(row.predicted, 2),
    against_prediction: toned(row), state: word ? pill(word, TONES[word]) : NONE,
  };
  return el(
    "tr", { role: "row", class: row.killed ? "killed" : "" },
    el("th", { scope: "row", role: "rowheader" }, row.variant),
    ...COLUMNS.slice(1).map(([field, label, numeric]) =>
      el("td", { role: "cell", "data-label": label, class: `${numeric ? "num" : ""} ${field}` }, cells[field])),
  );
}

export function drawVariants(document_) {
  // Of some that were killed elsewhere nothing else is known: they stand among the kills.
  const counted = Object.entries(document_.variants).filter(([, row]) => row.impressions !== null || !row.killed);
  const rows = counted.sort(([, one], [, other]) => compare(one, other));
  reconcile(document.getElementById("variants-body"), rows.slice(0, SHOWN), line);
  const more = rows.length > SHOWN ? `, ${SHOWN} shown` : "";
  document.getElementById("variants-count").textContent = rows.length ? `${rows.length}${more}` : "";
  for (const id of ["variants", "variants-sort"]) document.getElementById(id).hidden = rows.length === 0;
  const empty = document.getElementById("variants-empty");
  empty.hidden = rows.length > 0;
  if (empty.textContent !== EMPTY) empty.textContent = EMPTY;
}

/** Heads with a button each, and for narrow screens a list; both sort. */
export function sortable(again) {
  const select = document.getElementById("sort");
  const direction = document.getElementById("sort-direction");
  const heads = COLUMNS.map(([field, label, numeric]) => {
    const button = el("button", { type: "button" }, label);
    const head = el("th", { scope: "col", role: "columnheader", class: numeric ? "num" : "" }, button);
    button.addEventListener("click", () => choose(field, order.by === field ? !order.down : numeric));
    select.append(el("option", { value: field }, label));
    return [field, head];
  });
  document.getElementById("variants-head").append(...heads.map(([, head]) => head));
  function choose(by, down) {
    [order.by, order.down] = [by, down];
    for (const [field, head] of heads) {
      head.setAttribute("aria-sort", field !== by ? "none" : down ? "descending" : "ascending");
    }
    select.value = by;
    direction.textContent = down ? "descending" : "ascending";
    again();
  }
  select.addEventListener("change", () => choose(select.value, COLUMNS.find(([field]) => field === select.value)[2]));
  direction.addEventListener("click", () => choose(order.by, !order.down));
  choose(order.by, order.down);
}

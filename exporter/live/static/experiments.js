// Experiments with their variants.

import { bar, count, el, evidence, listOrEmpty, money, NONE, percent, pill, signed, whisker } from "./dom.js";

const ORDER = ["failed", "running", "paused", "draft", "completed"];
const TONES = { running: "info", failed: "bad", better: "good", worse: "bad", killed: "bad" };
const ACTIONS = {
  ship: "Ship", kill: "Kill", continue: "Go on", stop: "Stop", fix_split: "Mend the split", investigate: "Look into it",
};
const SHOWN = 200;
const EMPTY =
  "No experiment yet. Each appears here with the win rate of every variant and an interval that may be watched: " +
  "add one under experiments: and run winburn check.";

export function drawExperiments(document_) {
  const rank = (row) => (ORDER.includes(row.status) ? ORDER.indexOf(row.status) : ORDER.length);
  const rows = Object.entries(document_.experiments).sort(
    ([, one], [, other]) => rank(one) - rank(other) || one.name.localeCompare(other.name),
  );
  const steps = document_.next_steps ?? {};
  listOrEmpty("experiments", rows.slice(0, SHOWN).map(([key, row]) => [key, row, steps[key]]), card, EMPTY);
}

export const winKey = (experiment, variant) => `win ${experiment.name} ${variant}`;

function card(row, nextStep) {
  const variants = Object.entries(row.variants).sort(
    ([one], [other]) => (other === row.control) - (one === row.control) || one.localeCompare(other),
  );
  const ends = variants.flatMap(([, each]) => [each.lift, each.lift_lower, each.lift_upper]).filter((end) => end !== null);
  const reach = Math.max(0, ...ends.map(Math.abs));
  const details = [row.metric && `by ${row.metric}`, row.participants !== null && `${count(row.participants)} participants`];
  return el(
    "li", { class: "experiment" },
    el("div", { class: "head" },
      el("h3", {}, row.name, el("span", { class: "sub" }, details.filter(Boolean).join(" · "))),
      row.status ? pill(row.status, TONES[row.status]) : null),
    advice(row, nextStep),
    splitWarning(row),
    el("ul", { class: "arms", "aria-label": `Variants of ${row.name}` },
      ...variants.map(([name, variant]) => arm(name, variant, row.control === name, reach))),
  );
}

function advice(row, nextStep) {
  const { action, variant, reason } = row.recommendation ?? {};
  if (!action && !nextStep) return null;
  // The words begin with what to do, and speak of every variant.
  const inWords = typeof nextStep === "string" && nextStep !== "";
  const what = inWords ? "Next:" : [ACTIONS[action] ?? action, variant].filter(Boolean).join(" ");
  const why = inWords ? nextStep : reason;
  return el("p", { class: "advice" }, el("b", {}, what), why ? ` ${why}` : "");
}

function splitWarning(row) {
  if (row.srm_p_value === null || row.srm_p_value >= 0.001 || (row.srm_deviation ?? 0) < 0.005) return null;
  return el("p", { class: "advice" }, pill("split is off", "warn"), " participants do not arrive as planned: believe no verdict yet.");
}

function arm(name, variant, control, reach) {
  const word = variant.killed ? "killed" : control ? "control" : variant.verdict;
  const numbers = [["participants", count(variant.participants)], ["rate", percent(variant.rate, 2)]];
  if (variant.e_value !== null) numbers.push(["evidence", evidence(variant.e_value)]);
  for (const [currency, day] of Object.entries(variant.value_per_day)) {
    if (day.value === undefined) continue;
    const ends = day.lower !== undefined && day.upper !== undefined
      ? ` (${money(day.lower, currency)} to ${money(day.upper, currency)})` : "";
    numbers.push(["per day", money(day.value, currency) + ends]);
  }
  return el(
    "li", { class: "arm" },
    el("div", { class: "head" }, el("h4", {}, name), word ? pill(word, TONES[word]) : null),
    el("div", { class: "gauge" }, el("span", { class: "label" }, "Win rate"),
      variant.win === null ? NONE : bar(variant.win), el("b", {}, percent(variant.win))),
    lift(variant, control, reach),
    el("dl", { class: "facts" }, ...numbers.map(([term, text]) => el("div", {}, el("dt", {}, term), el("dd", {}, text)))),
  );
}

function lift(variant, control, reach) {
  if (control) return el("div", { class: "gauge" }, el("span", { class: "label" }, "Lift"), el("span", { class: "soft" }, "what the others are read against"));
  if (variant.lift === null) return el("div", { class: "gauge" }, el("span", { class: "label" }, "Lift"), el("span", { class: "soft" }, "not known yet"));
  // A lift without a lower end is bounded all the same: nothing can fall by more than all of it.
  const ends = `${signed(variant.lift_lower ?? -1)} to ${variant.lift_upper === null ? "∞" : signed(variant.lift_upper)}`;
  return el(
    "div", { class: "gauge" }, el("span", { class: "label" }, "Lift"),
    whisker(variant.lift, variant.lift_lower, variant.lift_upper, reach, TONES[variant.verdict] ?? ""),
    el("b", {}, signed(variant.lift), el("span", { class: "sub" }, ends)),
  );
}

// Kills, tired patterns, suggestions, predictions, what happened, and the exporter's own health.

import { clock, count, el, evidence, listOrEmpty, percent, pill, signed, span } from "./dom.js";

const SHOWN = 50;
const KILLS =
  "Nothing was killed. A variant appears here within a second of the evidence that it does worse than it may; " +
  "early_kill: of an experiment and engagement: set how much is needed.";
const SUGGESTIONS =
  "No suggestion now. Which pattern to rest, which variant to scale, when to recalibrate: each with its reason, " +
  "once engagement: in the spec names content variants.";
const FATIGUE =
  "No tired pattern. A pattern that is used too often, or whose engagement falls with use, appears here; " +
  "fatigue: under engagement: sets the limits.";
const PERSONAS =
  "No predictions yet. For each persona: how far the predicted engagement is off, and how much was killed; " +
  "they come with the content variants under engagement:.";
const HEALTH = "Nothing was asked yet.";

let known = null; // keys of the kills that were told of

export function drawKills(document_) {
  const rows = Object.entries(document_.kills).sort(
    ([, one], [, other]) => (other.at ?? -Infinity) - (one.at ?? -Infinity) || one.variant.localeCompare(other.variant),
  );
  listOrEmpty("kills", rows.slice(0, SHOWN), kill, KILLS);
  const news = rows.filter(([key]) => known !== null && !known.has(key)).map(([, row]) => row);
  known = new Set(rows.map(([key]) => key));
  if (news.length) document.getElementById("kills-news").textContent = news.map((row) => `${whom(row)} was killed.`).join(" ");
}

/** Forget who was killed: what comes next after numbers were too old is no news. */
export function forgetKills() {
  known = null;
}

const whom = (row) => (row.kind === "experiment" ? `${row.variant} of ${row.experiment}` : `${row.variant} for ${row.persona}`);

function kill(row) {
  const rates = row.rate === null ? "" : `${percent(row.rate, 2)}${row.expected === null ? "" : `, ${percent(row.expected, 2)} predicted`}`;
  const details = [row.kind, rates, row.e_value === null ? "" : `evidence ${evidence(row.e_value)}`];
  return el(
    "li", {}, pill("killed", "bad"), el("b", {}, whom(row)),
    el("span", { class: "sub" }, details.filter(Boolean).join(" · ")),
    row.at === null ? null : el("time", { class: "sub", datetime: new Date(row.at * 1000).toISOString() }, clock(row.at)),
  );
}

export function drawSuggestions(document_) {
  const draw = (row) =>
    el("li", {}, pill(row.kind || "suggestion", "info"), el("b", {}, [row.action, row.subject].filter(Boolean).join(" ")),
      el("span", { class: "sub" }, row.text ?? row.reason));
  listOrEmpty("suggestions", Object.entries(document_.suggestions).slice(0, SHOWN), draw, SUGGESTIONS);
}

export function drawFatigue(document_) {
  const tired = ([, row]) => row.state === "fatigued" || row.state === "used up";
  const draw = (row) => {
    const facts = [
      row.uses === null ? "" : `${count(row.uses)} uses`,
      row.freshness === null ? "" : `freshness ${percent(row.freshness, 0)}`,
      row.engagement === null ? "" : `engagement ${percent(row.engagement, 2)}`,
      row.e_value === null ? "" : `evidence ${evidence(row.e_value)}`,
    ];
    return el("li", {}, pill(row.state, row.state === "fatigued" ? "bad" : "warn"),
      el("b", {}, row.persona ? `${row.pattern} for ${row.persona}` : row.pattern),
      el("span", { class: "sub" }, facts.filter(Boolean).join(" · ")));
  };
  listOrEmpty("fatigue", Object.entries(document_.patterns).filter(tired).slice(0, SHOWN), draw, FATIGUE);
}

export function drawPersonas(document_) {
  const draw = (row) => {
    const facts = [
      row.calibration_error === null ? "" : `actual against predicted ${signed(row.calibration_error)}`,
      row.kill_ratio === null ? "" : `${percent(row.kill_ratio, 0)} killed`,
      row.sessions === null ? "" : `${count(row.sessions)} watched`,
      row.time_to_kill_seconds === null ? "" : `${span(row.time_to_kill_seconds)} to a kill`,
    ];
    return el("li", {}, el("b", {}, row.persona), el("span", { class: "sub" }, facts.filter(Boolean).join(" · ")));
  };
  listOrEmpty("personas", Object.entries(document_.personas).slice(0, SHOWN), draw, PERSONAS);
}

/** The audit trail, where the exporter gives one: {at, kind, entity, member, action, who, why}. */
export function drawEvents(document_) {
  const events = Array.isArray(document_.events) ? document_.events : [];
  document.getElementById("events-section").hidden = events.length === 0;
  const latest = [...events].sort((one, other) => other.at - one.at).slice(0, SHOWN);
  const draw = (event) =>
    el("li", {}, pill(event.kind === "apply" ? "applied" : event.action ?? event.kind ?? "event", "none"),
      el("b", {}, [event.entity, event.member].filter(Boolean).join(" / ")),
      el("span", { class: "sub" }, [event.who, event.why].filter(Boolean).join(": ")),
      el("time", { class: "sub", datetime: new Date(event.at * 1000).toISOString() }, clock(event.at)));
  listOrEmpty("events", latest.map((event) => [JSON.stringify(event), event]).map(([key]) => [key, key]), (text) => draw(JSON.parse(text)), "");
}

export function drawHealth(document_) {
  const draw = (row) => {
    const [good, bad] = row.kind === "source" ? ["up", "down"] : ["ok", "failing"];
    const state = row.ok === null ? pill("waiting") : row.ok ? pill(good, "good") : pill(bad, "bad");
    const facts = [row.kind, row.series === null ? "" : `${count(row.series)} series`,
      row.duration_seconds === null ? "" : `${Math.round(1000 * row.duration_seconds)} ms`];
    return el("li", {}, state, el("b", {}, row.name), el("span", { class: "sub" }, facts.filter(Boolean).join(" · ")));
  };
  listOrEmpty("health", Object.entries(document_.health), draw, HEALTH);
}

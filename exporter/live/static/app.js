// Puts the page together: one document in, every section drawn.

import { burnChart, winChart } from "./charts.js";
import { Connection } from "./connection.js";
import { el, reconcile, span } from "./dom.js";
import { drawExperiments, winKey } from "./experiments.js";
import { drawEvents, drawFatigue, drawHealth, drawKills, drawPersonas, drawSuggestions, forgetKills } from "./feeds.js";
import { History } from "./history.js";
import { burnKey, drawSlos } from "./slos.js";
import { drawVariants, sortable } from "./variants.js";

const LINES = 6;
const OLD = 90; // seconds without news after which numbers are shown as old
const THEMES = ["auto", "light", "dark"];
const find = (id) => document.getElementById(id);

const history_ = new History();
const charts = { burn: burnChart(), win: winChart() };
let shown = null;
let word = "connecting";
let scheduled = false;

function stored(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(name, value);
    return localStorage.getItem(name) ?? "";
  } catch {
    return value ?? "";
  }
}

function draw() {
  scheduled = false;
  if (!shown) return;
  const category = find("category").value;
  const slos = drawSlos(shown, category, history_);
  drawExperiments(shown);
  drawVariants(shown);
  drawSuggestions(shown);
  drawFatigue(shown);
  drawPersonas(shown);
  drawEvents(shown);
  drawHealth(shown);
  // A stale document has no kills; when the numbers come back, old kills are not news.
  if (shown.stale) forgetKills();
  else drawKills(shown);
  tiles();
  drawCharts(slos);
  categories();
  tell();
}

/** At most one drawing a frame, however fast the deltas come; none while nobody looks. */
function soon() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(draw);
}

function remember({ at, slos, experiments, stale }) {
  if (stale) return;
  const values = {};
  for (const slo of Object.values(slos)) if (slo.burn["1h"] !== undefined) values[burnKey(slo)] = slo.burn["1h"];
  for (const experiment of Object.values(experiments)) {
    if (experiment.status !== "running") continue;
    for (const [name, variant] of Object.entries(experiment.variants)) {
      if (variant.win !== null) values[winKey(experiment, name)] = variant.win;
    }
  }
  history_.add(at, values);
}

function drawCharts(slos) {
  const burning = slos
    .filter((slo) => slo.burn["1h"] !== undefined)
    .sort((one, other) => other.burn["1h"] - one.burn["1h"])
    .slice(0, LINES)
    .sort((one, other) => burnKey(one).localeCompare(burnKey(other)));
  const line = (name, key) => [name, history_.of(key)];
  const burns = burning.map((slo) => line([slo.name, slo.group].filter(Boolean).join(" "), burnKey(slo)));
  const running = Object.values(shown.experiments).filter((experiment) => experiment.status === "running");
  const wins = running
    .flatMap((experiment) => Object.keys(experiment.variants).sort().map((name) =>
      line(`${experiment.name}: ${name}`, winKey(experiment, name))))
    .filter(([, values]) => values.length)
    .slice(0, LINES);
  for (const [name, lines, what] of [["burn", burns, "SLOs that burn most"], ["win", wins, "variants of running experiments"]]) {
    charts[name].draw(history_.times, lines);
    const empty = find(`${name}-empty`);
    empty.hidden = history_.times.length > 1 && lines.length > 0;
    empty.textContent = `The ${LINES} ${what}, drawn from the second refresh on.`;
  }
}

function tiles() {
  const slos = Object.values(shown.slos);
  const of = (...words) => slos.filter((slo) => words.includes(slo.status)).length;
  const running = Object.values(shown.experiments).filter((experiment) => experiment.status === "running").length;
  const rows = [
    ["bad", of("breached"), "SLOs breached"],
    ["warn", of("at risk"), "at risk"],
    ["", of("no data", "not measured"), "without data"],
    ["good", of("ok"), "ok"],
    ["", running, "experiments running"],
    ["bad", Object.keys(shown.kills).length, "variants killed"],
  ];
  find("tiles").hidden = shown.stale;
  reconcile(find("tiles"), rows.map(([tone, number, label]) => [label, tone, number, label]), (tone, number, label) =>
    el("li", { class: number ? tone : "" }, el("b", {}, `${number}`), el("span", {}, label)));
  document.title = of("breached") ? `(${of("breached")} breached) winburn live` : "winburn live";
}

function categories() {
  const select = find("category");
  const names = [...new Set(Object.values(shown.slos).map((slo) => slo.category).filter(Boolean))].sort();
  const wanted = stored("winburn-category");
  const known = [...select.options].slice(1).map((option) => option.value);
  if (JSON.stringify(known) === JSON.stringify(names)) return;
  const before = select.value;
  select.replaceChildren(el("option", { value: "" }, "all"), ...names.map((name) => el("option", { value: name }, name)));
  select.value = names.includes(before || wanted) ? before || wanted : "";
  if (select.value !== before) soon();
}

/** The connection in a word, and how old the numbers are. */
function tell() {
  const old = connection.old;
  const stale = shown?.stale ?? false;
  const aged = stale || (word !== "live" && old !== null && old > OLD);
  const text = stale ? "stale" : word;
  const tone = stale ? "bad" : word === "live" ? "good" : "waiting";
  if (find("connection-word").textContent !== text) {
    find("connection-word").textContent = text;
    find("connection").className = `connection ${tone}`;
  }
  find("age").textContent = old === null ? "" : `evaluated ${span(old)} ago`;
  document.body.classList.toggle("old", aged);
  const alert = find("alert");
  const sentence = stale
    ? "The last refresh is too long ago: its numbers are not shown any more. The exporter's log says why."
    : aged ? "No connection: these are the last numbers that arrived."
    : shown?.waiting.length ? `Waiting for the first run of ${shown.waiting.join(", ")}.` : "";
  if (alert.textContent !== sentence) alert.textContent = sentence;
  alert.hidden = !sentence;
}

function theme(step) {
  const now = document.documentElement.dataset.theme;
  const next = THEMES[(THEMES.indexOf(now) + step) % THEMES.length];
  document.documentElement.dataset.theme = next;
  find("theme").textContent = `Theme: ${next}`;
  if (step) stored("winburn-theme", next);
  soon();
}

const connection = new Connection(
  new URL("./", document.baseURI),
  (document_) => {
    shown = document_;
    remember(shown); // a hidden tab draws nothing, and must not have a hole in its past
    soon();
  },
  (state) => {
    word = state;
    tell();
  },
);
theme(0);
sortable(soon);
find("theme").addEventListener("click", () => theme(1));
find("category").addEventListener("change", () => {
  stored("winburn-category", find("category").value);
  soon();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  charts.burn.names = charts.win.names = "";
  soon();
});
setInterval(tell, 1000);
if ("serviceWorker" in navigator && isSecureContext) {
  navigator.serviceWorker.register("live/sw.js", { scope: "live" }).catch(() => { /* the page works without it */ });
}

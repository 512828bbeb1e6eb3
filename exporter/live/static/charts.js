// Lines over time, by uPlot.

import { percent, times } from "./dom.js";

// Told apart without colour too: by dashes, and by the legend's order and names. Okabe and Ito's hues.
const STROKES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [1, 4]];
const HEIGHT = 180;

export class Chart {
  constructor(id, format) {
    this.place = document.getElementById(id);
    this.format = format;
    this.names = "";
    this.plot = null;
    new ResizeObserver(() => this.plot?.setSize({ width: this.place.clientWidth, height: HEIGHT })).observe(this.place);
  }

  /** Draw `lines` ([name, values]) over `at` (Unix seconds); fewer than two times draw nothing. */
  draw(at, lines) {
    this.place.hidden = at.length < 2 || lines.length === 0;
    const names = `${document.documentElement.dataset.theme} ${JSON.stringify(lines.map(([name]) => name))}`;
    if (this.place.hidden || names !== this.names) {
      this.plot?.destroy();
      this.plot = null;
      this.names = names;
    }
    if (this.place.hidden) return;
    const data = [at, ...lines.map(([, values]) => values)];
    if (this.plot) this.plot.setData(data);
    else this.plot = new uPlot(this.options(lines), data, this.place);
    if (this.plot.cursor.idx === null || this.plot.cursor.idx === undefined) this.plot.setLegend({ idx: at.length - 1 }, false);
    const now = lines.map(([name, values]) => `${name} ${this.format(values.at(-1) ?? null)}`);
    this.place.setAttribute("role", "img");
    this.place.setAttribute("aria-label", `Now: ${now.join(", ")}`);
  }

  options(lines) {
    const style = getComputedStyle(document.documentElement);
    const [ink, grid] = [style.getPropertyValue("--soft").trim(), style.getPropertyValue("--line").trim()];
    const value = (_, number) => (number === null || number === undefined ? "–" : this.format(number));
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
    return {
      width: this.place.clientWidth,
      height: HEIGHT,
      cursor: { y: false },
      legend: { live: true },
      scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((tick) => new Date(tick * 1000).toLocaleTimeString("en-GB")), space: 90 },
        { ...axis, values: (_, ticks) => ticks.map((tick) => this.format(tick)), size: 62 },
      ],
      series: [
        { label: "Time", value: (_, at) => (at ? new Date(at * 1000).toLocaleTimeString("en-GB") : "now") },
        ...lines.map(([label], place) => ({
          label, value, stroke: STROKES[place], dash: DASHES[place], width: 2, spanGaps: false, points: { show: false },
        })),
      ],
    };
  }
}

export const burnChart = () => new Chart("burn-chart", times);
export const winChart = () => new Chart("win-chart", (value) => percent(value, 0));

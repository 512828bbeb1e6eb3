// The recent past of a few numbers, kept in this browser only: as long as the tab lives, over reloads too.

const POINTS = 240;
const STORE = "winburn-history";
const STORED = 60; // series

export class History {
  constructor() {
    this.times = [];
    this.series = new Map();
    try {
      const { times, series } = JSON.parse(sessionStorage.getItem(STORE)) ?? {};
      if (times) [this.times, this.series] = [times, new Map(series)];
    } catch { /* nothing kept, or not readable any more */ }
    addEventListener("pagehide", () => this.save());
  }

  /** Add the values ({key: number}) of a time; a time that is not later than the last one is not added. */
  add(at, values) {
    const last = this.times.at(-1);
    if (last !== undefined && at <= last) {
      if (at < last - 600) this.clear(); // another server, or another day's replay
      return;
    }
    for (const key of Object.keys(values)) {
      if (!this.series.has(key)) this.series.set(key, this.times.map(() => null));
    }
    this.times.push(at);
    for (const [key, past] of this.series) {
      past.push(values[key] ?? null);
      if (past.length > POINTS) past.shift();
      if (past.every((value) => value === null)) this.series.delete(key);
    }
    if (this.times.length > POINTS) this.times.shift();
  }

  of(key) {
    return this.series.get(key) ?? [];
  }

  clear() {
    this.times = [];
    this.series.clear();
  }

  save() {
    try {
      const series = [...this.series].slice(0, STORED);
      sessionStorage.setItem(STORE, JSON.stringify({ times: this.times, series }));
    } catch { /* full or forbidden: the charts begin anew */ }
  }
}

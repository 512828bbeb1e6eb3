// Elements and numbers for people. Nothing here takes markup: text stays text.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; children that are null are left out. */
export function el(name, attributes = {}, ...children) {
  const node = name.startsWith("svg:")
    ? document.createElementNS(SVG, name.slice(4))
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

const SHAPES = {
  good: ["circle", { cx: 5, cy: 5, r: 4.5 }],
  warn: ["path", { d: "M5 .6L9.8 9.4H.2z" }],
  bad: ["rect", { x: 0.8, y: 0.8, width: 8.4, height: 8.4, rx: 1 }],
  info: ["path", { d: "M1.5 .8L9.2 5 1.5 9.2z" }],
  none: ["circle", { cx: 5, cy: 5, r: 3.5, fill: "none", stroke: "currentColor", "stroke-width": 2 }],
};

/** A word with a shape and a colour. */
export function pill(word, tone = "none") {
  const [name, attributes] = SHAPES[tone];
  const shape = el("svg:svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, el(`svg:${name}`, attributes));
  return el("span", { class: `pill ${tone}` }, shape, word);
}

/** A bar that is full at 1, for those who see; the number stands beside it. */
export function bar(share, tone = "") {
  const width = 100 * Math.min(1, Math.max(0, share));
  return el(
    "svg:svg", { class: "bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    el("svg:rect", { class: "track", width: 100, height: 8 }),
    el("svg:rect", { class: `fill ${tone}`, width: width.toFixed(1), height: 8 }),
  );
}

/** An interval around zero, from -reach to +reach; an end that is null runs off the picture. */
export function whisker(middle, lower, upper, reach, tone = "") {
  const x = (value) => 66 + 62 * (reach ? Math.max(-1, Math.min(1, value / reach)) : 0);
  const from = lower === null ? 0 : x(lower);
  const to = upper === null ? 132 : x(upper);
  return el(
    "svg:svg", { class: "range", viewBox: "0 0 132 18", "aria-hidden": "true" },
    el("svg:path", { class: "zero", d: "M66 0v18" }),
    el("svg:path", { class: `span ${tone}`, d: `M${from.toFixed(1)} 9H${to.toFixed(1)}` }),
    el("svg:circle", { class: `dot ${tone}`, cx: x(middle).toFixed(1), cy: 9, r: 4 }),
  );
}

/** The recent past as a line, scaled to itself but never to less than `least`. */
export function sparkline(values, least) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return null;
  const top = Math.max(least, ...known);
  const bottom = Math.min(0, ...known);
  const step = 100 / (values.length - 1);
  let path = "";
  let pen = "M";
  values.forEach((value, at) => {
    if (value === null) {
      pen = "M";
      return;
    }
    path += `${pen}${(at * step).toFixed(1)} ${(23 - (22 * (value - bottom)) / (top - bottom)).toFixed(1)}`;
    pen = "L";
  });
  return el(
    "svg:svg", { class: "spark", viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" },
    el("svg:path", { d: path }),
  );
}

const number = (value, digits) => value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const minus = (text) => text.replace("-", "−");

export const NONE = "–";

export function count(value) {
  if (value === null) return NONE;
  if (Math.abs(value) >= 1e9) return `${(value / 1e9).toFixed(2)}G`;
  return Math.abs(value) >= 1e6 ? `${(value / 1e6).toFixed(2)}M` : number(value, 0);
}

export function percent(ratio, digits = 1) {
  return ratio === null ? NONE : minus(`${number(100 * ratio, digits)} %`);
}

export function signed(ratio) {
  return ratio === null ? NONE : (ratio >= 0 ? "+" : "") + percent(ratio);
}

export function times(rate) {
  return rate === null || rate === undefined ? NONE : `${number(rate, Math.abs(rate) < 10 ? 2 : 0)}×`;
}

export function minutes(value) {
  return value === null ? NONE : minus(`${number(value, Math.abs(value) < 100 ? 1 : 0)} min`);
}

export function money(value, currency) {
  return minus(value.toLocaleString("en", { style: "currency", currency, maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 }));
}

export function evidence(value) {
  if (value === null) return NONE;
  if (value >= 1e6) return `10^${Math.floor(Math.log10(value))}`;
  return value < 10 ? value.toPrecision(2) : number(value, 0);
}

/** 90 as 1 min 30 s: the two largest units. */
export function span(seconds) {
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return "0 s";
  const [unit, size] = units[first];
  const whole = Math.floor(seconds / size);
  const next = units[first + 1];
  const rest = next ? Math.floor((seconds - whole * size) / next[1]) : 0;
  return rest && whole < 10 ? `${whole} ${unit} ${rest} ${next[0]}` : `${whole} ${unit}`;
}

export function clock(unix) {
  return new Date(unix * 1000).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}

/** Make a list's children those of `rows` ([key, value] in order), drawing again only what changed. */
export function reconcile(parent, rows, draw) {
  const drawn = parent.drawn ?? (parent.drawn = new Map());
  const wanted = new Set();
  let place = parent.firstChild;
  for (const [key, ...values] of rows) {
    wanted.add(key);
    let entry = drawn.get(key);
    if (!entry || entry.values.some((value, at) => value !== values[at])) {
      const node = draw(...values);
      if (entry) {
        if (place === entry.node) place = node;
        entry.node.replaceWith(node);
      }
      entry = { node, values };
      drawn.set(key, entry);
    }
    if (entry.node === place) place = place.nextSibling;
    else parent.insertBefore(entry.node, place);
  }
  for (const [key, { node }] of drawn) {
    if (!wanted.has(key)) {
      node.remove();
      drawn.delete(key);
    }
  }
}

/** A list, or in its place the text that says what would stand there. */
export function listOrEmpty(id, rows, draw, empty) {
  const list = document.getElementById(id);
  reconcile(list, rows, draw);
  list.hidden = rows.length === 0;
  const note = document.getElementById(`${id}-empty`);
  if (!note) return;
  note.hidden = rows.length > 0;
  if (note.textContent !== empty) note.textContent = empty;
}

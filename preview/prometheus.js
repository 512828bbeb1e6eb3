// What Grafana's Prometheus data source does between a dashboard's JSON and data frames, as far as our dashboards need.
import { FieldType, createDataFrame, getDefaultTimeRange } from '@grafana/data';

const REGEX_META = /[\\^$.*+?()|[\]{}]/g;
// A Prometheus string wants its backslashes doubled, so a literal dot in a pattern is \\. in the query.
const escapeForRegex = (value) => value.replace(REGEX_META, '\\\\$&');
const escapeForString = (value) => value.replace(/\\/g, '\\\\').replace(/"/g, '\\"');

export function interpolate(text, variables, format = 'plain') {
  return text.replace(/\$(\w+)|\$\{(\w+)(?::(\w+))?\}/g, (whole, short, long, how) => {
    const variable = variables[short ?? long];
    if (variable === undefined) {
      return whole;
    }
    if (typeof variable !== 'object') {
      return String(variable);
    }
    const { values, allValue, isAll, many } = variable;
    if (how === 'queryparam') {
      return (isAll ? ['$__all'] : values).map((value) => `var-${short ?? long}=${encodeURIComponent(value)}`).join('&');
    }
    if (isAll && allValue !== undefined) {
      return allValue;
    }
    if (format !== 'promql') {
      return values.join(' + ');
    }
    if (!many) {
      return escapeForString(values[0] ?? '');
    }
    const escaped = values.map(escapeForRegex);
    return escaped.length === 1 ? escaped[0] : `(${escaped.join('|')})`;
  });
}

async function get(path, params) {
  const body = new URLSearchParams(params);
  const method = path.includes('/label/') || path.endsWith('/series') ? 'GET' : 'POST';
  const answer = await fetch(method === 'GET' ? `${path}?${body}` : path, method === 'GET' ? {} : { method, body });
  const json = await answer.json();
  if (json.status !== 'success') {
    throw new Error(`${params.query ?? path}: ${json.error}`);
  }
  return json.data;
}

// The dashboard's variables in their order, each with what the page's address or else the dashboard chooses.
export async function resolveVariables(list, range, chosen) {
  const known = {};
  for (const variable of list) {
    if (variable.type === 'datasource') {
      known[variable.name] = { values: [variable.current.value], many: false, isAll: false };
      continue;
    }
    const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(variable.query.query);
    const options = await get(`/api/v1/label/${label}/values`, {
      'match[]': interpolate(selector, known, 'promql'), start: range.from.unix(), end: range.to.unix(),
    });
    const picked = chosen.getAll(`var-${variable.name}`);
    const isAll = !picked.length && variable.includeAll;
    known[variable.name] = {
      values: picked.length ? picked : isAll ? options : options.slice(0, 1),
      many: Boolean(variable.multi || variable.includeAll),
      allValue: variable.allValue, isAll, label: variable.label, options,
    };
  }
  return known;
}

export function timeRange(since) {
  const range = getDefaultTimeRange();
  const [, count, unit] = /^now-(\d+)([smhd])$/.exec(since);
  const from = range.to.clone().subtract(Number(count), unit);
  return { from, to: range.to, raw: { from: since, to: 'now' } };
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86400 };
const seconds = (text) => { const [, n, unit] = /^(\d+)([smhd])$/.exec(text); return Number(n) * SECONDS[unit]; };
const NICE = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

function stepOf(panel, range, width) {
  const wanted = (range.to.unix() - range.from.unix()) / Math.max(width, 100);
  return Math.max(panel.interval ? seconds(panel.interval) : 1, NICE.find((step) => step >= wanted) ?? 86400);
}

function legend(target, labels) {
  if (!target.legendFormat || target.legendFormat === '__auto') {
    return Object.keys(labels).length === 1 ? Object.values(labels)[0] : undefined;
  }
  return target.legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? '');
}

const number = (text) => (text === null ? null : text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

function tableFrame(target, series, several) {
  const names = [...new Set(series.flatMap((each) => Object.keys(each.metric)))].sort();
  const value = several ? `Value #${target.refId}` : 'Value';
  return createDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: series.map((each) => each.value[0] * 1000) },
      ...names.map((name) => ({
        name, type: FieldType.string, config: { filterable: true }, values: series.map((each) => each.metric[name]),
      })),
      { name: value, type: FieldType.number, values: series.map((each) => number(each.value[1])) },
    ],
  });
}

function seriesFrame(target, one, points) {
  const { __name__, ...labels } = one.metric;
  return createDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: points.map(([time]) => time * 1000) },
      {
        name: 'Value', type: FieldType.number, labels: one.metric,
        config: { displayNameFromDS: legend(target, labels) }, values: points.map(([, value]) => number(value)),
      },
    ],
  });
}

// Grafana puts a null where a step has no sample, so that a gap stays a gap.
function withGaps(points, start, end, step) {
  const known = new Map(points.map(([time, value]) => [Math.round(time), value]));
  const filled = [];
  for (let time = start; time <= end; time += step) {
    filled.push([time, known.get(time) ?? null]);
  }
  return filled;
}

export async function ask(panel, variables, range, width) {
  const step = stepOf(panel, range, width);
  const rate = Math.max(4 * seconds(panel.interval ?? '15s'), step + seconds(panel.interval ?? '15s'));
  const spans = {
    __range: `${range.to.unix() - range.from.unix()}s`, __rate_interval: `${rate}s`, __interval: `${step}s`,
  };
  const end = Math.floor(range.to.unix() / step) * step;
  const start = Math.floor(range.from.unix() / step) * step;
  const answers = await Promise.all((panel.targets ?? []).filter((target) => 'expr' in target).map(async (target) => {
    const query = interpolate(target.expr, { ...variables, ...spans }, 'promql');
    const data = await (target.instant
      ? get('/api/v1/query', { query, time: range.to.unix() })
      : get('/api/v1/query_range', { query, start, end, step }));
    const series = data.resultType === 'scalar' ? [{ metric: {}, value: data.result }] : data.result;
    return { target, series };
  }));
  const tables = answers.filter(({ target, series }) => target.format === 'table' && series.length);
  return answers.flatMap(({ target, series }) => {
    if (target.format === 'table' && target.instant) {
      return series.length ? [tableFrame(target, series, tables.length > 1)] : [];
    }
    return series.map((one) => (
      seriesFrame(target, one, target.instant ? [one.value] : withGaps(one.values, start, end, step))
    ));
  });
}

export async function marks(list, variables, range) {
  const found = [];
  for (const each of list.filter((one) => one.expr && one.enable)) {
    const step = Math.max(60, Math.ceil((range.to.unix() - range.from.unix()) / 1000));
    const query = interpolate(each.expr, variables, 'promql');
    const { result } = await get('/api/v1/query_range', { query, start: range.from.unix(), end: range.to.unix(), step });
    for (const one of result) {
      const on = one.values.filter(([, value]) => Number(value) > 0).map(([time]) => time);
      let first = null;
      on.forEach((time, index) => {
        first ??= time;
        if (on[index + 1] === undefined || on[index + 1] - time > step) {
          found.push({ from: first * 1000, to: time * 1000, color: each.iconColor, title: each.titleFormat });
          first = null;
        }
      });
    }
  }
  return found;
}

'use strict';
/* Runs panels through Grafana's own code, as a dashboard does: answers of Prometheus -> the data source's front end ->
 * transformations -> field options and overrides -> what is written in the panel.
 *
 * stdin: [{key, panel, answers: {refId: data of Prometheus' answer}}] or, for Grafana Live, {key, panel, pushes: [...]}
 * stdout: [{key, error, warnings, steps, columns, fields, said, unknown, hits}]
 */

const Module = require('module');
const path = require('path');

const { lastValueFrom } = require('rxjs');
const data = require('@grafana/data');

const { framesOf, optionsOf, timeSeriesTable } = require('./stand_ins.cjs');

// transformDataFrame asks the window whether it runs inside of Grafana's scenes; set late, for with a window some
// packages take this for a browser as they load.
globalThis.window = globalThis;
globalThis.navigator ??= { language: 'en-US', languages: ['en-US'] }; // for the formats of times; node 21 has one

const THEME = data.createTheme();
// Some have an alias of an older name that is the same value.
const KINDS = new Map([...Object.values(data.standardTransformers), timeSeriesTable].map((info) => [info.id, info]));
data.standardTransformersRegistry.setInit(() =>
  [...KINDS.values()].map((info) => ({ id: info.id, name: info.name, transformation: () => Promise.resolve(info) }))
);
const { transformV2 } = resultTransformer();

/** The module alone: the whole package wants @grafana/runtime and @grafana/ui, of which the module needs nothing. */
function resultTransformer() {
  const load = Module._load;
  Module._load = (name, ...rest) => (name === '@grafana/runtime' ? {} : load(name, ...rest));
  try {
    return require(path.join(path.dirname(require.resolve('@grafana/prometheus')), 'result_transformer.cjs'));
  } finally {
    Module._load = load;
  }
}

async function prove(job) {
  const warnings = [];
  console.warn = console.error = (...words) => warnings.push(words.join(' '));
  try {
    return { key: job.key, error: null, warnings, ...(await shown(job)) };
  } catch (error) {
    return { key: job.key, error: String(error?.stack ?? error), warnings };
  }
}

async function shown({ panel, answers, pushes }) {
  let frames = pushes ? streamed(panel, pushes) : answered(panel, answers);
  const steps = [];
  const unknown = [];
  for (const step of panel.transformations ?? []) {
    steps.push({ id: step.id, options: step.options, names: frames.map(namesOf), gaps: gapsOf(step, frames) });
    if (!data.standardTransformersRegistry.getIfExists(step.id)) {
      unknown.push(step.id);
    }
    frames = await lastValueFrom(data.transformDataFrame([step], frames));
  }
  const registry = optionsOf(panel.type);
  const ids = panel.fieldConfig.overrides.flatMap((each) => each.properties.map(({ id }) => id));
  unknown.push(...ids.filter((id) => !registry.getIfExists(id)));
  const custom = Object.keys(panel.fieldConfig.defaults.custom ?? {}).map((key) => `custom.${key}`);
  unknown.push(...custom.filter((id) => !registry.getIfExists(id)));
  const hits = panel.fieldConfig.overrides.map(({ matcher }) => hitsOf(matcher, frames));
  frames = data.applyFieldOverrides({
    data: frames,
    fieldConfig: panel.fieldConfig,
    fieldConfigRegistry: registry,
    replaceVariables: (text) => text,
    theme: THEME,
    timeZone: 'utc',
  });
  return { steps, unknown, hits, frames: frames.map((frame) => written(frame, frames)), said: said(panel, frames) };
}

function answered(panel, answers) {
  const frames = panel.targets.flatMap((target) => framesOf(target, answers[target.refId]));
  return transformV2({ data: frames }, { targets: panel.targets, app: data.CoreApp.Dashboard }, {}).data;
}

/** What a panel keeps of a channel: what was pushed, cut to the fields that its query wants; nothing before a push. */
function streamed(panel, [first, ...rest]) {
  if (!first) {
    return [];
  }
  const [query] = panel.targets;
  const stream = data.StreamingDataFrame.fromDataFrameJSON(first, { maxLength: 1000, maxDelta: query.buffer });
  rest.forEach((push) => stream.push(push));
  const wanted = new Set(query.filter.fields);
  const fields = stream.fields.filter(({ name }) => wanted.has(name));
  return [{ refId: query.refId, name: stream.name, meta: {}, length: stream.length, fields }];
}

const namesOf = (frame) => frame.fields.map((field) => data.getFieldDisplayName(field, frame));

/** How many rows have no value where a table is sorted by it: Grafana subtracts, and undefined less anything is NaN,
 * which no sorting can make sense of. */
function gapsOf({ id, options }, frames) {
  const names = id === 'sortBy' ? options.sort.map(({ field }) => field) : [];
  const fields = frames.flatMap((frame) => frame.fields.filter((each, at) => names.includes(namesOf(frame)[at])));
  return fields.flatMap(({ values }) => values.filter((value) => value === undefined)).length;
}

function hitsOf(matcher, frames) {
  const info = data.fieldMatchers.getIfExists(matcher.id);
  if (!info) {
    return -1;
  }
  const matches = info.get(matcher.options);
  return frames.flatMap((frame) => frame.fields.filter((field) => matches(field, frame, frames))).length;
}

function written(frame, frames) {
  const cells = frame.fields.map((field) => ({
    name: data.getFieldDisplayName(field, frame, frames),
    type: field.type,
    unit: field.config.unit ?? null,
    custom: field.config.custom ?? {},
    links: (field.config.links ?? []).map(({ url }) => ({
      url,
      filled: field.values.map((value, row) => filled(url, frame, row, value)),
    })),
    values: field.values.map((value) => (typeof value === 'object' && value !== null ? 'graph' : (value ?? null))),
    texts: field.values.map((value) => data.formattedValueToString(field.display(value))),
    colors: field.values.map((value) => field.display(value).color ?? null),
  }));
  return { refId: frame.refId ?? null, length: frame.length, fields: cells };
}

/** A link's address at a row, by the values that Grafana gives to ${__data.fields.<column>}: what the column SHOWS.
 * Grafana's own replacing of variables is in @grafana/scenes. */
function filled(url, frame, rowIndex, value) {
  const shown = data.getFieldDisplayValuesProxy({ frame, rowIndex });
  const pattern = /\$\{__data\.fields\.([^}:.]+)(?::(\w+))?\}/g;
  return url
    .replace(pattern, (_, name, format) => {
      const text = String(shown[name] ?? '');
      return format === 'percentencode' ? encodeURIComponent(text) : text;
    })
    .replaceAll('${__value.raw}', value ?? '');
}

/** The texts of panels that show few numbers. */
function said(panel, frames) {
  const reduceOptions = panel.options?.reduceOptions;
  if (!reduceOptions) {
    return null;
  }
  const found = data.getFieldDisplayValues({
    data: frames,
    fieldConfig: panel.fieldConfig,
    reduceOptions,
    replaceVariables: (text) => text,
    theme: THEME,
    timeZone: 'utc',
  });
  return found.map(({ display }) => ({
    title: display.title ?? '',
    text: data.formattedValueToString(display),
    color: display.color ?? null,
  }));
}

let text = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (part) => (text += part));
process.stdin.on('end', async () => {
  const found = [];
  for (const job of JSON.parse(text)) {
    found.push(await prove(job));
  }
  // JSON knows neither NaN nor the infinities: a null would look like a cell without a value.
  const plain = (_, value) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value);
  process.stdout.write(JSON.stringify(found, plain), () => process.exit(0)); // timers of the packages would go on
});

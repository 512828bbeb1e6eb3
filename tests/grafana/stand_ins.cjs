'use strict';
/* What Grafana has and npm has not, each as small as it can be. Whatever stands here is NOT proved by these tests:
 * - framesOf: the data source's backend (Go, pkg/promlib of grafana-prometheus-datasource), which makes frames of
 *   Prometheus' answers;
 * - timeSeriesTable: a transformation of the Grafana app;
 * - the field options of the panels: each panel's module in the Grafana app registers its own.
 */

const data = require('@grafana/data');

/** One frame for each series, of a field of times and one of numbers that carries the labels; an empty frame where a
 * query has no answer. */
function framesOf(target, answer) {
  const frames = answer.result.map((series) => {
    const points = series.values ?? [series.value];
    const labels = series.metric;
    const named = nameOf(target, labels);
    return data.createDataFrame({
      refId: target.refId,
      meta: {
        type: answer.resultType === 'matrix' ? 'timeseries-multi' : 'numeric-multi',
        typeVersion: [0, 1],
        custom: { resultType: answer.resultType },
      },
      fields: [
        { name: 'Time', type: data.FieldType.time, config: {}, values: points.map(([at]) => at * 1000) },
        {
          name: labels.__name__ ?? 'Value',
          type: data.FieldType.number,
          labels,
          config: named ? { displayNameFromDS: named } : {},
          values: points.map(([, value]) => numberOf(value)),
        },
      ],
    });
  });
  return frames.length ? frames : [data.createDataFrame({ refId: target.refId, fields: [] })];
}

function numberOf(text) {
  return { NaN: NaN, '+Inf': Infinity, '-Inf': -Infinity }[text] ?? parseFloat(text);
}

/** What the legend says: the format filled in; '' where Grafana's front end shall find a name by itself. */
function nameOf(target, labels) {
  const rest = Object.entries(labels).filter(([label]) => label !== '__name__');
  const pairs = rest.map(([label, value]) => `${label}="${value}"`).sort();
  const whole = `${labels.__name__ ?? ''}${pairs.length || !labels.__name__ ? `{${pairs.join(', ')}}` : ''}`;
  const format = target.legendFormat ?? '';
  let name = whole;
  if (format === '__auto') {
    name = Object.keys(labels).length ? '' : whole;
  } else if (format) {
    name = format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => labels[label] ?? '');
  }
  return name === '{}' ? target.expr : name;
}

/** Whatever looks like a time series becomes a row with its labels and a small graph. A table of one row looks so too,
 * which is the trap that the filter of our dashboards is for. */
const timeSeriesTable = {
  id: 'timeSeriesTable',
  name: 'Time series to table',
  defaultOptions: {},
  operator: (options) => (source) => source.pipe(require('rxjs').map((frames) => tablesOf(frames, options))),
};

function tablesOf(frames, options) {
  const series = frames.filter((frame) => data.isTimeSeriesFrame(frame));
  const others = frames.filter((frame) => !data.isTimeSeriesFrame(frame));
  const refs = [...new Set(series.map((frame) => frame.refId))];
  return [...others, ...refs.map((ref) => tableOf(ref, series.filter((frame) => frame.refId === ref), options))];
}

function tableOf(ref, frames, options) {
  const columns = new Map();
  const graphs = [];
  for (const frame of frames) {
    for (const field of frame.fields.filter(({ type }) => type === data.FieldType.number)) {
      const stat = options[ref]?.stat ?? 'lastNotNull';
      graphs.push({
        fields: [frame.fields.find(({ type }) => type === data.FieldType.time), field],
        length: field.values.length,
        value: data.reduceField({ field, reducers: [stat] })[stat] || null,
      });
      for (const [label, value] of Object.entries(field.labels ?? {})) {
        columns.set(label, [...(columns.get(label) ?? []), value]);
      }
    }
  }
  const labels = [...columns].map(([name, values]) => ({ name, type: data.FieldType.string, config: {}, values }));
  const graph = { name: `Trend #${ref}`, type: data.FieldType.frame, config: {}, values: graphs };
  return data.createDataFrame({ refId: ref, fields: [...labels, graph] });
}

/** Field options: those of every panel, with the processors that @grafana/data has for them. */
const STANDARD = {
  unit: data.unitOverrideProcessor,
  min: data.numberOverrideProcessor,
  max: data.numberOverrideProcessor,
  decimals: data.numberOverrideProcessor,
  displayName: data.displayNameOverrideProcessor,
  noValue: data.stringOverrideProcessor,
  thresholds: data.thresholdsOverrideProcessor,
  mappings: data.valueMappingsOverrideProcessor,
  links: data.dataLinksOverrideProcessor,
  color: data.identityOverrideProcessor,
};

const GRAPH = [
  'axisLabel', 'axisPlacement', 'axisSoftMax', 'axisSoftMin', 'drawStyle', 'fillBelowTo', 'fillOpacity', 'hideFrom',
  'lineInterpolation', 'lineStyle', 'lineWidth', 'scaleDistribution', 'showPoints', 'spanNulls', 'stacking',
  'thresholdsStyle',
];
/** As public/app/plugins/panel/<kind>/module.tsx registers them; no more than we use and their neighbours. */
const CUSTOM = {
  table: ['align', 'cellOptions', 'filterable', 'hidden', 'hideFrom', 'inspect', 'minWidth', 'width'],
  timeseries: GRAPH,
  'state-timeline': ['axisPlacement', 'fillOpacity', 'hideFrom', 'lineWidth'],
};

function optionsOf(kind) {
  const registry = new data.FieldConfigOptionsRegistry();
  const add = (path, process, isCustom) =>
    registry.register({
      id: isCustom ? `custom.${path}` : path,
      path,
      isCustom,
      name: path,
      process,
      shouldApply: () => true,
    });
  Object.entries(STANDARD).forEach(([path, process]) => add(path, process, false));
  (CUSTOM[kind] ?? []).forEach((path) => add(path, data.identityOverrideProcessor, true));
  return registry;
}

module.exports = { framesOf, optionsOf, timeSeriesTable };

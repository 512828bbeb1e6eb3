// Grafana's registries, which its application fills and its packages do not.
import {
  FieldConfigOptionsRegistry, FieldType, booleanOverrideProcessor, createDataFrame, dataLinksOverrideProcessor,
  displayNameOverrideProcessor, identityOverrideProcessor, numberOverrideProcessor, standardFieldConfigEditorRegistry,
  standardTransformers, standardTransformersRegistry, thresholdsOverrideProcessor, unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import { map } from 'rxjs/operators';

const STANDARD = {
  unit: unitOverrideProcessor, min: numberOverrideProcessor, max: numberOverrideProcessor,
  decimals: numberOverrideProcessor, displayName: displayNameOverrideProcessor, noValue: identityOverrideProcessor,
  color: identityOverrideProcessor, thresholds: thresholdsOverrideProcessor,
  mappings: valueMappingsOverrideProcessor, links: dataLinksOverrideProcessor, filterable: booleanOverrideProcessor,
};

const option = (id, process, isCustom) => ({
  id: isCustom ? `custom.${id}` : id, path: id, name: id, isCustom, process, shouldApply: () => true,
  editor: () => null, override: () => null, settings: {},
});

export function standardOptions() {
  return Object.entries(STANDARD).map(([id, process]) => option(id, process, false));
}

// A panel's own options, custom.*, as a registry: those that the panel names, in its defaults and its overrides.
export function registryOf(fieldConfig) {
  const named = new Set(Object.keys(fieldConfig.defaults?.custom ?? {}));
  for (const { properties } of fieldConfig.overrides ?? []) {
    properties.filter(({ id }) => id.startsWith('custom.')).forEach(({ id }) => named.add(id.slice('custom.'.length)));
  }
  const registry = new FieldConfigOptionsRegistry();
  standardOptions().forEach((each) => registry.register(each));
  [...named].forEach((id) => registry.register(option(id, identityOverrideProcessor, true)));
  return registry;
}

// Grafana's own timeSeriesTable is in its application. This does what it does for one query: a row for each series,
// its labels and the series itself as a small graph, in a field called "Trend #<refId>".
const timeSeriesTable = {
  id: 'timeSeriesTable',
  name: 'Time series to table (stand-in)',
  operator: () => (source) => source.pipe(map((frames) => {
    const byRef = Map.groupBy(frames, (frame) => frame.refId);
    return [...byRef].map(([refId, series]) => {
      const valued = series.map((frame) => frame.fields.find((field) => field.type === FieldType.number));
      const names = [...new Set(valued.flatMap((field) => Object.keys(field.labels ?? {})))];
      return createDataFrame({
        refId,
        fields: [
          ...names.map((name) => ({
            name, type: FieldType.string, values: valued.map((field) => field.labels?.[name]),
          })),
          {
            name: `Trend #${refId}`, type: FieldType.frame, config: { custom: { } },
            values: series.map((frame) => ({ ...frame, value: frame.fields[1].values.at(-1) ?? null })),
          },
        ],
      });
    });
  })),
};

export function initialise() {
  standardFieldConfigEditorRegistry.setInit(standardOptions);
  // Two of Grafana's names stand for one transformer.
  const known = new Map([...Object.values(standardTransformers), timeSeriesTable].map((one) => [one.id, one]));
  standardTransformersRegistry.setInit(() => [...known.values()].map((one) => ({
    id: one.id, name: one.name, editor: () => null, transformation: () => Promise.resolve(one),
  })));
}

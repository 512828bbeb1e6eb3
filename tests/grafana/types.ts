// The shape of dashboard JSON, made of @grafana/schema's types. `raw`, and Options and FieldConfig of each panel, come
// from one major version: tests/dashboards/grafana_types.py writes the imports above this.

// As JSON has it: enums are the strings they stand for, and what is left out has Grafana's default.
type Plain<T> = unknown extends T
  ? T
  : T extends string
    ? string extends T
      ? T
      : `${T}`
    : T extends number | boolean | null | undefined
      ? T
      : T extends readonly (infer U)[]
        ? Plain<U>[]
        : T extends object
          ? { [K in keyof T]?: Plain<T[K]> }
          : T;

type Standard = Omit<Plain<raw.FieldConfig>, 'custom'>;

// In an override each property has a name of its own, and a value of that name's type.
type Property<C> =
  | { [K in keyof Standard]-?: { id: K; value: Standard[K] } }[keyof Standard]
  | { [K in keyof C & string]-?: { id: `custom.${K}`; value: Plain<C[K]> } }[keyof C & string];

type Panel<Kind extends string, Options, Custom> = Omit<Plain<raw.Panel>, 'options' | 'fieldConfig' | 'type'> & {
  type: Kind;
  options?: Plain<Options>;
  fieldConfig?: {
    defaults: Standard & { custom?: Plain<Custom> };
    overrides: { matcher: Plain<raw.MatcherConfig>; properties: Property<Custom>[] }[];
  };
};

export type Page = Omit<Plain<raw.Dashboard>, 'panels'>;

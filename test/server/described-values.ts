import fc from 'fast-check';

/** JSON Schema, as far as the API's description uses it. */
export interface Described {
  $ref?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Described[];
  oneOf?: Described[];
  allOf?: Described[];
  type?: string | string[];
  properties?: Record<string, Described>;
  required?: string[];
  items?: Described;
  pattern?: string;
  format?: string;
}

/** What a schema is filled with where it says too little: names of what is there among them. */
export interface Filling {
  schemas: Readonly<Record<string, Described>>;
  word: fc.Arbitrary<string>;
  /** What there is of a property's kind. */
  known: Readonly<Record<string, readonly unknown[]>>;
}

/** Values of a schema: mostly right ones, and in a tenth of the places something else. */
export function valuesOf(filling: Filling, described: Described | undefined, name = ''): fc.Arbitrary<unknown> {
  const schema = described?.$ref === undefined ? described : filling.schemas[described.$ref.split('/').at(-1) ?? ''];
  if (schema === undefined) return fc.anything({ maxDepth: 1 });
  const nearly = [{ weight: 1, arbitrary: fc.oneof(filling.word, fc.anything({ maxDepth: 2 })) }];
  const known = filling.known[name];
  if (known !== undefined) nearly.push({ weight: 20, arbitrary: fc.constantFrom(...known) });
  return fc.oneof({ weight: 15, arbitrary: rightOf(filling, schema, name) }, ...nearly);
}

function rightOf(filling: Filling, schema: Described, name: string): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const alternatives = schema.anyOf ?? schema.oneOf ?? schema.allOf?.slice(0, 1);
  if (alternatives !== undefined) return fc.oneof(...alternatives.map((one) => valuesOf(filling, one, name)));
  const of: Record<string, () => fc.Arbitrary<unknown>> = {
    object: () => objectOf(filling, schema),
    array: () => fc.array(valuesOf(filling, schema.items, name), { maxLength: 3 }),
    integer: () => number,
    number: () => number,
    boolean: () => fc.boolean(),
    null: () => fc.constant(null),
  };
  return of[[schema.type].flat()[0] ?? '']?.() ?? textOf(schema, filling.word);
}

const number = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(-1, 1.5, 2 ** 31, 2 ** 53, 1e300, 3600));

function objectOf(filling: Filling, { properties = {}, required = [] }: Described): fc.Arbitrary<unknown> {
  const of = Object.entries(properties).map(([name, one]) => [name, valuesOf(filling, one, name)] as const);
  return fc.record(Object.fromEntries(of), { requiredKeys: required });
}

function textOf({ format, pattern }: Described, word: fc.Arbitrary<string>): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid();
  if (format === 'date-time') return fc.constantFrom('2030-01-01T00:00:00Z', '1970-01-01T00:00:00Z', soon());
  return pattern === undefined ? word : fc.stringMatching(new RegExp(pattern, 'u'), { maxLength: 100 });
}

const soon = () => new Date(Date.now() + 3_600_000).toISOString();

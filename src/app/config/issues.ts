import { z } from 'zod';
import { didYouMean } from './suggest.ts';
import type { Path, Place } from './yaml.ts';

/** A mistake before its place in the file is known. */
export interface Problem {
  path: Path;
  place: Place;
  what: string;
  remedy: string;
}

type Issue = z.core.$ZodIssue;
type JsonSchema = z.core.JSONSchema.JSONSchema;

/**
 * `value` checked against `schema`: the result, or every problem in a person's words. `written` tells how a value stands in the file; `whole` is
 * the schema whose keys are suggested for an unknown one, where `schema` is a part of it.
 */
export function check<T extends z.ZodType>(
  schema: T,
  value: unknown,
  written: (path: Path) => string | undefined = () => undefined,
  whole: z.ZodType = schema,
): { result?: z.output<T>; problems: Problem[] } {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { result: parsed.data, problems: [] };
  const shape = z.toJSONSchema(whole, { io: 'input', unrepresentable: 'any' });
  const context = { root: value, shape, written };
  return { problems: parsed.error.issues.flatMap((issue) => explain(issue, [], context)) };
}

interface Context {
  root: unknown;
  shape: JsonSchema;
  written: (path: Path) => string | undefined;
}

function explain(issue: Issue, prefix: Path, context: Context): Problem[] {
  const path = [...prefix, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))];
  const problem = (what: string, remedy: string, place: Place = 'value'): Problem[] => [{ path, place, what, remedy }];
  const value = valueAt(context.root, path);
  // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check -- zod's own words do for what no schema here makes
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        place: 'key',
        what: `unknown key ${JSON.stringify(key)}`,
        remedy: didYouMean(key, keysAt(context.shape, path)),
      }));
    case 'invalid_union':
      return explainUnion(issue.errors, path, context);
    case 'invalid_type':
      return wrongType([issue.expected], path, context);
    case 'invalid_value':
      return problem(`${shown(value)} is not possible here`, didYouMean(String(value), issue.values.map(String)));
    case 'too_small':
      return problem(
        `${shown(value)} is too small`,
        `at least ${String(issue.minimum)}${issue.origin === 'array' ? ' item' : ''}`,
      );
    case 'too_big':
      return problem(`${shown(value)} is too large`, `at most ${String(issue.maximum)}`);
    case 'custom': {
      const remedy: unknown = issue.params?.remedy;
      return problem(issue.message, typeof remedy === 'string' ? remedy : 'correct it');
    }
    default:
      return problem(issue.message, 'correct it');
  }
}

/** Of the forms a value may have, the one it was meant to have tells what is wrong; if it has none of them, all of them are named. */
function explainUnion(forms: readonly (readonly Issue[])[], path: Path, context: Context): Problem[] {
  const isOtherType = (issue: Issue) => issue.code === 'invalid_type' && issue.path.length === 0;
  const meant = forms.find((issues) => issues.length > 0 && !issues.some(isOtherType));
  if (meant) return meant.flatMap((issue) => explain(issue, path, context));
  const nested = forms.flatMap((issues) => issues.filter((issue) => issue.code === 'invalid_union'));
  if (nested.length > 0) return nested.flatMap((issue) => explain(issue, path, context));
  return wrongType(
    forms.flatMap((issues) => issues.flatMap((issue) => (issue.code === 'invalid_type' ? [issue.expected] : []))),
    path,
    context,
  );
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
  null: 'nothing',
};

function wrongType(expected: readonly string[], path: Path, context: Context): Problem[] {
  const value = valueAt(context.root, path);
  if (value === undefined) {
    const remedy = `add it${describedAt(context.shape, path)}`;
    return [{ path, place: 'key', what: `the key ${String(path.at(-1))} is missing`, remedy }];
  }
  const words = [...new Set(expected.map((type) => TYPE_WORDS[type] ?? type))].join(' or ');
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  const quotable = expected.includes('string') && scalar;
  const what = `expected ${words}, found ${found(value)}`;
  const remedy = quotable ? `put it in quotes: "${context.written(path) ?? String(value)}"` : `write ${words}`;
  return [{ path, place: 'value', what, remedy }];
}

function found(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return shown(value);
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

export function valueAt(root: unknown, path: Path): unknown {
  let value: unknown = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** The schemas that apply at `path`: one, or several where a value may have several forms. */
function shapesAt(shape: JsonSchema, path: Path): JsonSchema[] {
  const forms = (one: JsonSchema): JsonSchema[] => (one.anyOf ? one.anyOf.flatMap((form) => forms(form)) : [one]);
  let shapes = forms(shape);
  for (const step of path)
    shapes = shapes.flatMap((one) => {
      const next = one.properties?.[String(step)] ?? one.items ?? one.additionalProperties;
      return typeof next === 'object' && !Array.isArray(next) ? forms(next) : [];
    });
  return shapes;
}

function keysAt(shape: JsonSchema, path: Path): string[] {
  return [...new Set(shapesAt(shape, path).flatMap((one) => Object.keys(one.properties ?? {})))];
}

function describedAt(shape: JsonSchema, path: Path): string {
  const [key] = path.slice(-1);
  const around = shapesAt(shape, path.slice(0, -1)).find((one) => one.properties?.[String(key)] !== undefined);
  const found = around?.properties?.[String(key)];
  const description = typeof found === 'object' ? found.description : undefined;
  return description === undefined ? '' : `: ${lowerFirst(description.replace(/\.$/, ''))}`;
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

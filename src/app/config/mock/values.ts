/** What an expression of a mock configuration can be: Python's plain values, and a name that nothing was ever assigned to. */
export type Value = string | number | boolean | null | Unknown | Value[] | Map<string, Value> | Callable;

export interface Callable {
  call: (args: readonly Value[]) => Value;
}

/** A value that is not known here; `name` says which. It is an error only where it is needed. */
export class Unknown {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** What this reader of mock configurations does not understand, with its line. */
export class MockSyntaxError extends Error {
  override readonly name = 'MockSyntaxError';
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const MARK = '\u{F0000}';
const MARKED = new RegExp(`${MARK}([^${MARK}]*)${MARK}`, 'u');

/** `value` as a template prints it. An unknown one leaves a mark that `unknownIn` finds. */
export function printed(value: Value): string {
  if (value instanceof Unknown) return `${MARK}${value.name}${MARK}`;
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  return `${MARK}a list, mapping or function${MARK}`;
}

/** The name of an unknown value that was printed into `text`, or undefined. */
export function unknownIn(text: string): string | undefined {
  return MARKED.exec(text)?.[1];
}

export function isTrue(value: Value): boolean {
  if (value instanceof Unknown) return false;
  if (Array.isArray(value)) return value.length > 0;
  return value instanceof Map ? value.size > 0 : Boolean(value);
}

export function equal(left: Value, right: Value): boolean {
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((item, index) => equal(item, right[index] ?? null));
  return left === right;
}

export function isCallable(value: Value): value is Callable {
  return typeof value === 'object' && value !== null && 'call' in value;
}

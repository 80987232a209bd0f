import { equal, isTrue, MockSyntaxError, printed, Unknown, type Value } from './values.ts';

export function getItem(container: Value, key: Value): Value {
  if (container instanceof Map && typeof key === 'string')
    return container.get(key) ?? (container.has(key) ? null : new Unknown(key));
  if (Array.isArray(container) && typeof key === 'number') return container.at(key) ?? new Unknown(`item ${key}`);
  return new Unknown(typeof key === 'string' || typeof key === 'number' ? String(key) : 'an item');
}

export function applyOperator(operator: string, left: Value, right: Value, line: number): Value {
  switch (operator) {
    case '==':
      return equal(left, right);
    case '!=':
      return !equal(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    case '~':
      return printed(left) + printed(right);
    default:
      return arithmetic(operator, left, right, line);
  }
}

function contains(container: Value, item: Value): boolean {
  if (Array.isArray(container)) return container.some((candidate) => equal(candidate, item));
  if (container instanceof Map) return typeof item === 'string' && container.has(item);
  return typeof container === 'string' && typeof item === 'string' && container.includes(item);
}

function arithmetic(operator: string, left: Value, right: Value, line: number): Value {
  if (left instanceof Unknown) return left;
  if (right instanceof Unknown) return right;
  if (operator === '+' && Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (typeof left === 'string' && typeof right === 'string') {
    if (operator === '+') return left + right;
    const order = left < right ? -1 : left > right ? 1 : 0;
    return compare(operator, order, line);
  }
  if (typeof left !== 'number' || typeof right !== 'number')
    throw new MockSyntaxError(line, `${operator} between values it does not go with`);
  if (operator === '+') return left + right;
  if (operator === '-') return left - right;
  return compare(operator, left - right, line);
}

function compare(operator: string, order: number, line: number): boolean {
  switch (operator) {
    case '<':
      return order < 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
    default:
      throw new MockSyntaxError(line, `the operator ${operator} is not understood here`);
  }
}

/** Jinja's `value|filter(args)`, as far as mock's own configurations use it, and Python's functions of the same names. */
export function filterValue(filter: string, value: Value, args: readonly Value[], line: number): Value {
  switch (filter) {
    case 'int':
      return toInteger(value);
    case 'default':
    case 'd':
      return value instanceof Unknown || (isTrue(args[1] ?? false) && !isTrue(value)) ? (args[0] ?? '') : value;
    case 'lower':
      return value instanceof Unknown ? value : printed(value).toLowerCase();
    case 'upper':
      return value instanceof Unknown ? value : printed(value).toUpperCase();
    case 'string':
    case 'str':
      return value instanceof Unknown ? value : printed(value);
    default:
      throw new MockSyntaxError(line, `the filter or function ${filter} is not understood here`);
  }
}

function toInteger(value: Value): Value {
  if (value instanceof Unknown) return value;
  const number =
    typeof value === 'string' || typeof value === 'number' ? Number.parseInt(String(value), 10) : Number.NaN;
  return Number.isNaN(number) ? 0 : number;
}

const LONGEST_RANGE = 1000;

/** Python's `range`, as a list. */
export function range(args: readonly Value[], line: number): Value[] {
  const [first, second] = args;
  const [start, end] = second === undefined ? [0, first] : [first, second];
  if (typeof start !== 'number' || typeof end !== 'number' || args.length > 2 || end - start > LONGEST_RANGE)
    throw new MockSyntaxError(line, 'a range that is not understood here');
  return Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index);
}

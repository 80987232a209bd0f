import { applyOperator, filterValue, getItem } from './operators.ts';
import { type Token } from './tokens.ts';
import { isCallable, isTrue, MockSyntaxError, type Value } from './values.ts';

export type Scope = (name: string) => Value;
export type Expression = (scope: Scope) => Value;

export interface Reader {
  peek(): Token;
  take(): Token;
  /** Takes the next token when it is this operator or word. */
  accept(text: string): boolean;
  expect(text: string): void;
}

export function createReader(tokens: readonly Token[]): Reader {
  let at = 0;
  const end: Token = { kind: 'end', text: '', line: tokens.at(-1)?.line ?? 1 };
  const peek = () => tokens[at] ?? end;
  const take = () => {
    const token = peek();
    at += 1;
    return token;
  };
  const accept = (text: string) => {
    const token = peek();
    if ((token.kind !== 'operator' && token.kind !== 'name') || token.text !== text) return false;
    at += 1;
    return true;
  };
  const expect = (text: string) => {
    const token = peek();
    if (!accept(text))
      throw new MockSyntaxError(token.line, `expected ${text}, found ${token.text.trim() || 'the end of the line'}`);
  };
  return { peek, take, accept, expect };
}

const DEEPEST = 50;

/** The expression at the reader: literals, names, indexing, calls of known functions, filters, comparisons, and/or/not, + and -. */
export function readExpression(reader: Reader, depth = 0): Expression {
  if (depth > DEEPEST) throw new MockSyntaxError(reader.peek().line, 'an expression nested too deeply');
  let left = readAnd(reader, depth);
  while (reader.accept('or')) {
    const [first, second] = [left, readAnd(reader, depth)];
    left = (scope) => {
      const value = first(scope);
      return isTrue(value) ? value : second(scope);
    };
  }
  return left;
}

function readAnd(reader: Reader, depth: number): Expression {
  let left = readNot(reader, depth);
  while (reader.accept('and')) {
    const [first, second] = [left, readNot(reader, depth)];
    left = (scope) => {
      const value = first(scope);
      return isTrue(value) ? second(scope) : value;
    };
  }
  return left;
}

function readNot(reader: Reader, depth: number): Expression {
  if (!reader.accept('not')) return readComparison(reader, depth);
  const value = readNot(reader, depth + 1);
  return (scope) => !isTrue(value(scope));
}

function comparisonAt(reader: Reader): string | undefined {
  for (const operator of ['==', '!=', '<=', '>=', '<', '>', 'in']) if (reader.accept(operator)) return operator;
  if (reader.accept('is')) return reader.accept('not') ? '!=' : '==';
  if (!reader.accept('not')) return undefined;
  reader.expect('in');
  return 'not in';
}

function readComparison(reader: Reader, depth: number): Expression {
  let left = readSum(reader, depth);
  for (let operator = comparisonAt(reader); operator !== undefined; operator = comparisonAt(reader))
    left = combine(operator, left, readSum(reader, depth), reader.peek().line);
  return left;
}

function readSum(reader: Reader, depth: number): Expression {
  let left = readFiltered(reader, depth);
  for (;;) {
    const line = reader.peek().line;
    const operator = ['+', '-', '~'].find((candidate) => reader.accept(candidate));
    if (operator === undefined) return left;
    left = combine(operator, left, readFiltered(reader, depth), line);
  }
}

function combine(operator: string, left: Expression, right: Expression, line: number): Expression {
  return (scope) => applyOperator(operator, left(scope), right(scope), line);
}

function readFiltered(reader: Reader, depth: number): Expression {
  let value = readPostfix(reader, depth);
  while (reader.accept('|')) {
    const { text: filter, line } = reader.take();
    const args = reader.accept('(') ? readItems(reader, ')', depth) : [];
    const inner = value;
    value = (scope) =>
      filterValue(
        filter,
        inner(scope),
        args.map((arg) => arg(scope)),
        line,
      );
  }
  return value;
}

function readPostfix(reader: Reader, depth: number): Expression {
  let value = readAtom(reader, depth);
  for (;;) {
    const { line } = reader.peek();
    const inner = value;
    if (reader.accept('[')) {
      const key = readExpression(reader, depth + 1);
      reader.expect(']');
      value = (scope) => getItem(inner(scope), key(scope));
    } else if (reader.accept('.')) {
      const { text } = reader.take();
      value = (scope) => getItem(inner(scope), text);
    } else if (reader.accept('(')) {
      const args = readItems(reader, ')', depth);
      value = (scope) => {
        const called = inner(scope);
        if (!isCallable(called)) throw new MockSyntaxError(line, 'a call of a function that is not known here');
        return called.call(args.map((arg) => arg(scope)));
      };
    } else return value;
  }
}

function readItems(reader: Reader, close: string, depth: number): Expression[] {
  const items: Expression[] = [];
  while (!reader.accept(close)) {
    items.push(readExpression(reader, depth + 1));
    if (!reader.accept(',')) {
      reader.expect(close);
      break;
    }
  }
  return items;
}

const CONSTANTS: Readonly<Record<string, Value>> = {
  True: true,
  true: true,
  False: false,
  false: false,
  None: null,
  none: null,
};

function readAtom(reader: Reader, depth: number): Expression {
  const token = reader.take();
  if (token.kind === 'string') return readString(reader, token.text);
  if (token.kind === 'number') return () => Number(token.text);
  if (token.kind === 'name') {
    const constant = Object.hasOwn(CONSTANTS, token.text) ? CONSTANTS[token.text] : undefined;
    return constant === undefined ? (scope) => scope(token.text) : () => constant;
  }
  if (token.text === '-') {
    const value = readAtom(reader, depth);
    return (scope) => applyOperator('-', 0, value(scope), token.line);
  }
  if (token.text === '[' || token.text === '(') return readSequence(reader, token.text, depth);
  if (token.text === '{') return readMapping(reader, depth);
  throw new MockSyntaxError(token.line, `expected a value, found ${token.text.trim() || 'the end of the line'}`);
}

/** Strings that follow each other are one string, as in Python. */
function readString(reader: Reader, first: string): Expression {
  let text = first;
  while (reader.peek().kind === 'string') text += reader.take().text;
  return () => text;
}

function readSequence(reader: Reader, open: string, depth: number): Expression {
  if (open === '[') {
    const items = readItems(reader, ']', depth);
    return (scope) => items.map((item) => item(scope));
  }
  if (reader.accept(')')) return () => [];
  const first = readExpression(reader, depth + 1);
  if (reader.accept(')')) return first;
  reader.expect(',');
  const items = [first, ...readItems(reader, ')', depth)];
  return (scope) => items.map((item) => item(scope));
}

function readMapping(reader: Reader, depth: number): Expression {
  const pairs: [Expression, Expression][] = [];
  while (!reader.accept('}')) {
    const key = readExpression(reader, depth + 1);
    reader.expect(':');
    pairs.push([key, readExpression(reader, depth + 1)]);
    if (!reader.accept(',')) {
      reader.expect('}');
      break;
    }
  }
  return (scope) =>
    new Map(
      pairs.map(([key, value]) => {
        const name = key(scope);
        return [typeof name === 'string' ? name : '', value(scope)];
      }),
    );
}

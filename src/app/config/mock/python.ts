import { createReader, readExpression, type Reader } from './expression.ts';
import { applyOperator, filterValue } from './operators.ts';
import { tokenize, type Token } from './tokens.ts';
import { MockSyntaxError, Unknown, type Value } from './values.ts';

/** What happens at each statement of a configuration. */
export interface Interpreter {
  options: Map<string, Value>;
  include(path: string, line: number): Promise<void>;
}

/**
 * Goes through the statements of a mock configuration: assignments to `config_opts[…]` or a name, and `include(…)`. Nothing is executed.
 * @throws MockSyntaxError at anything else, such as `if` or `import`.
 */
export async function interpret(source: string, interpreter: Interpreter): Promise<void> {
  const tokens = tokenize(source);
  const reader = createReader(tokens);
  const locals = new Map<string, Value>();
  while (reader.peek().kind !== 'end') {
    if (reader.accept(';') || reader.peek().kind === 'newline') {
      if (reader.peek().kind === 'newline') reader.take();
      continue;
    }
    await statement(reader, locals, interpreter);
  }
}

const NOT_READ = [
  'if',
  'elif',
  'else',
  'for',
  'while',
  'import',
  'from',
  'def',
  'class',
  'try',
  'except',
  'with',
  'del',
  'exec',
  'raise',
];

async function statement(reader: Reader, locals: Map<string, Value>, interpreter: Interpreter): Promise<void> {
  const token = reader.take();
  if (token.kind === 'string') return; // a docstring
  if (token.kind !== 'name' || NOT_READ.includes(token.text) || (token.indent ?? 0) > 0)
    throw new MockSyntaxError(token.line, `the statement ${quote(token)} is Python that is not read`);
  if (token.text === 'include' && reader.accept('(')) {
    const path = readExpression(reader)(scope(locals, interpreter));
    reader.expect(')');
    if (typeof path !== 'string') throw new MockSyntaxError(token.line, 'an include() whose path is not known');
    await interpreter.include(path, token.line);
    return;
  }
  assign(token, reader, locals, interpreter);
}

const quote = (token: Token) => JSON.stringify(token.text.slice(0, 40));

function assign(token: Token, reader: Reader, locals: Map<string, Value>, interpreter: Interpreter): void {
  const path: Value[] = [];
  while (reader.accept('[')) {
    path.push(readExpression(reader)(scope(locals, interpreter)));
    reader.expect(']');
  }
  const operator = ['=', '+='].find((candidate) => reader.accept(candidate));
  if (operator === undefined || (token.text === 'config_opts') !== path.length > 0)
    throw new MockSyntaxError(token.line, `the statement ${quote(token)} is Python that is not read`);
  const value = evaluate(reader, locals, interpreter);
  const end = reader.peek();
  if (end.kind !== 'newline' && end.kind !== 'end' && end.text !== ';')
    throw new MockSyntaxError(end.line, `${quote(end)} is not understood here`);
  if (token.text !== 'config_opts') locals.set(token.text, value);
  else store(interpreter.options, path, operator, value, token.line);
}

/** A value this reader cannot work out is unknown: most keys do not matter here, and the ones that do say so later. */
function evaluate(reader: Reader, locals: Map<string, Value>, interpreter: Interpreter): Value {
  const expression = readExpression(reader);
  try {
    return expression(scope(locals, interpreter));
  } catch (error) {
    if (error instanceof MockSyntaxError) return new Unknown(`a value computed in line ${error.line}`);
    throw error;
  }
}

function store(
  options: Map<string, Value>,
  path: readonly Value[],
  operator: string,
  value: Value,
  line: number,
): void {
  let container = options;
  for (const key of path.slice(0, -1)) {
    const name = typeof key === 'string' ? key : '';
    const inner = container.get(name);
    const next = inner instanceof Map ? inner : new Map<string, Value>();
    container.set(name, next);
    container = next;
  }
  const last = path.at(-1);
  if (typeof last !== 'string') throw new MockSyntaxError(line, 'a config_opts key that is no plain string');
  container.set(last, operator === '=' ? value : applyOperator('+', container.get(last) ?? '', value, line));
}

const FUNCTIONS = ['int', 'str'];

function scope(locals: ReadonlyMap<string, Value>, interpreter: Interpreter) {
  return (name: string): Value => {
    if (name === 'config_opts') return interpreter.options;
    if (FUNCTIONS.includes(name)) return { call: (args) => filterValue(name, args[0] ?? null, [], 0) };
    return locals.get(name) ?? new Unknown(name);
  };
}

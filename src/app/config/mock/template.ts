import { createReader, readExpression, type Expression, type Reader, type Scope } from './expression.ts';
import { range } from './operators.ts';
import { tokenize } from './tokens.ts';
import { isTrue, MockSyntaxError, printed, Unknown, type Value } from './values.ts';

type Variables = ReadonlyMap<string, Value>;
type Render = (context: RenderContext) => string;

/** Characters that may still be printed: a template cannot make more of itself than a configuration is. */
interface Budget {
  left: number;
}

interface RenderContext {
  variables: Variables;
  /** Macros and loop variables; they hide configuration keys. */
  locals: Map<string, Value>;
  budget: Budget;
  depth: number;
}

interface Piece {
  kind: 'text' | 'output' | 'tag';
  text: string;
  line: number;
}

const LARGEST_OUTPUT = 1_000_000;
const DEEPEST = 8;

/**
 * `template` with `{{ … }}` and `{% if, for, macro %}` worked out: the part of Jinja that mock's own configurations are written in.
 * What comes out is expanded again while it has `{{` in it, as mock does.
 * @throws MockSyntaxError for anything else of Jinja.
 */
export function expand(template: string, variables: Variables): string {
  return expandWithin(template, variables, { left: LARGEST_OUTPUT }, 0);
}

function expandWithin(template: string, variables: Variables, budget: Budget, depth: number): string {
  if (!/\{[{%#]/.test(template)) return template;
  if (depth >= DEEPEST) throw new MockSyntaxError(1, 'a template that goes on expanding itself');
  const body = readBody(cut(template), { at: 0 }, [], 0);
  return expandWithin(body({ variables, locals: new Map(), budget, depth }), variables, budget, depth + 1);
}

/** A key whose value is a template stands for what that expands to. */
function scopeIn(context: RenderContext): Scope {
  return (name) => {
    const local = context.locals.get(name);
    if (local !== undefined) return local;
    const value = context.variables.get(name);
    if (value === undefined) return new Unknown(name);
    return typeof value === 'string'
      ? expandWithin(value, context.variables, context.budget, context.depth + 1)
      : value;
  };
}

function cut(template: string): Piece[] {
  const pieces: Piece[] = [];
  let line = 1;
  let stripNext = false;
  for (const part of template.split(/(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\})/)) {
    const kind = part.startsWith('{{')
      ? 'output'
      : part.startsWith('{%')
        ? 'tag'
        : part.startsWith('{#')
          ? 'comment'
          : 'text';
    if (kind === 'text') {
      pieces.push({ kind, text: stripNext ? part.trimStart() : part, line });
      stripNext = false;
    } else {
      const last = pieces.at(-1);
      if (part[2] === '-' && last?.kind === 'text') last.text = last.text.trimEnd();
      stripNext = part.at(-3) === '-';
      if (kind !== 'comment') pieces.push({ kind, text: part.replace(/^\{[{%]-?/, '').replace(/-?[%}]\}$/, ''), line });
    }
    line += part.split('\n').length - 1;
  }
  return pieces;
}

interface Cursor {
  at: number;
}

/** Everything up to a tag that begins with one of `ends`, which is left for the caller. */
function readBody(pieces: readonly Piece[], cursor: Cursor, ends: readonly string[], depth: number): Render {
  const renders: Render[] = [];
  for (let piece = pieces[cursor.at]; piece !== undefined; piece = pieces[cursor.at]) {
    if (piece.kind === 'tag' && ends.includes(firstWord(piece))) return join(renders);
    cursor.at += 1;
    renders.push(readPiece(piece, pieces, cursor, depth));
  }
  if (ends.length > 0) throw new MockSyntaxError(pieces.at(-1)?.line ?? 1, `{% ${ends.at(-1) ?? ''} %} is missing`);
  return join(renders);
}

const firstWord = (piece: Piece) => /^\s*(\w*)/.exec(piece.text)?.[1] ?? '';

function join(renders: readonly Render[]): Render {
  return (context) => {
    let text = '';
    for (const render of renders) text += render(context);
    return text;
  };
}

function readPiece(piece: Piece, pieces: readonly Piece[], cursor: Cursor, depth: number): Render {
  if (depth > 20) throw new MockSyntaxError(piece.line, 'tags nested too deeply');
  if (piece.kind === 'text') return (context) => spend(context, piece.text, piece.line);
  const reader = createReader(tokenize(piece.text.replaceAll('\n', ' '), piece.line));
  if (piece.kind === 'output') {
    const value = wholeExpression(reader);
    return (context) => spend(context, printed(value(scopeIn(context))), piece.line);
  }
  const { text: tag } = reader.take();
  if (tag === 'if') return readIf(wholeExpression(reader), pieces, cursor, depth);
  if (tag === 'for') return readFor(reader, piece, pieces, cursor, depth);
  if (tag === 'macro') return readMacro(reader, piece, pieces, cursor, depth);
  throw new MockSyntaxError(piece.line, `{% ${tag} %} is not understood here`);
}

function spend(context: RenderContext, text: string, line: number): string {
  context.budget.left -= text.length + 1;
  if (context.budget.left < 0) throw new MockSyntaxError(line, 'a template that expands to more than 1 MB');
  return text;
}

function wholeExpression(reader: Reader): Expression {
  const value = readExpression(reader);
  const left = reader.peek();
  if (left.kind !== 'newline' && left.kind !== 'end')
    throw new MockSyntaxError(left.line, `${left.text} is not understood here`);
  return value;
}

function readIf(condition: Expression, pieces: readonly Piece[], cursor: Cursor, depth: number): Render {
  const then = readBody(pieces, cursor, ['elif', 'else', 'endif'], depth + 1);
  const tag = pieces[cursor.at];
  cursor.at += 1;
  let otherwise: Render = () => '';
  if (tag && firstWord(tag) === 'elif') {
    const reader = createReader(tokenize(tag.text.replaceAll('\n', ' '), tag.line));
    reader.take();
    otherwise = readIf(wholeExpression(reader), pieces, cursor, depth + 1);
  } else if (tag && firstWord(tag) === 'else') {
    otherwise = readBody(pieces, cursor, ['endif'], depth + 1);
    cursor.at += 1;
  }
  return (context) => (isTrue(condition(scopeIn(context))) ? then : otherwise)(context);
}

function readFor(reader: Reader, piece: Piece, pieces: readonly Piece[], cursor: Cursor, depth: number): Render {
  const { text: name } = reader.take();
  reader.expect('in');
  const items = wholeExpression(reader);
  const body = readBody(pieces, cursor, ['endfor'], depth + 1);
  cursor.at += 1;
  return (context) => {
    const within = (extra: [string, Value]) => ({ ...context, locals: new Map([...context.locals, extra]) });
    const values = items(scopeIn(within(['range', { call: (args) => range(args, piece.line) }])));
    if (!Array.isArray(values)) throw new MockSyntaxError(piece.line, 'a {% for %} over something that is no list');
    let text = '';
    for (const value of values) text += body(within([name, value]));
    return text;
  };
}

function readMacro(reader: Reader, piece: Piece, pieces: readonly Piece[], cursor: Cursor, depth: number): Render {
  const { text: name } = reader.take();
  reader.expect('(');
  if (!reader.accept(')'))
    throw new MockSyntaxError(piece.line, 'a {% macro %} with parameters is not understood here');
  const body = readBody(pieces, cursor, ['endmacro'], depth + 1);
  cursor.at += 1;
  return (context) => {
    // A macro that calls itself would not end: inside its body its name is not known.
    const outside = new Map(context.locals);
    context.locals.set(name, { call: () => body({ ...context, locals: outside }) });
    return '';
  };
}

import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPrinter, type Printer } from '../../src/cli/print.ts';
import { layTable } from '../../src/cli/table.ts';
import { cut, harmless, oneLine, width } from '../../src/cli/text.ts';

interface Screen {
  print: Printer;
  out: () => string;
  err: () => string;
}

/** A printer on streams that say they are a terminal, or that they are none. */
function screen({ terminal = false, json = false, quiet = false, columns = 40 } = {}): Screen {
  const stream = () => {
    const through = new PassThrough();
    const chunks: Buffer[] = [];
    through.on('data', (chunk: Buffer) => chunks.push(chunk));
    const as = Object.assign(through, {
      isTTY: terminal,
      columns,
      getColorDepth: () => (terminal ? 8 : 1),
      hasColors: () => terminal,
    }) as unknown as NodeJS.WriteStream;
    return { as, text: () => Buffer.concat(chunks).toString() };
  };
  const [stdout, stderr] = [stream(), stream()];
  return {
    print: createPrinter({ json, quiet, stdout: stdout.as, stderr: stderr.as }),
    out: stdout.text,
    err: stderr.text,
  };
}

const columns = [{ title: 'ID', align: 'right' }, { title: 'PROJECT' }, { title: 'RESULT' }] as const;
const rows = [
  [7, 'greeter', { text: 'failure', style: 'red' }],
  [12, 'libgreet', null],
] as const;

describe('a table', () => {
  test('is aligned, and without colours where there is no terminal', () => {
    const { print, out } = screen();
    print.table(columns, rows);
    expect(out()).toBe('ID  PROJECT   RESULT\n 7  greeter   failure\n12  libgreet  -\n');
  });

  test('has colours on a terminal, and the same text', () => {
    const { print, out } = screen({ terminal: true });
    print.table(columns, rows);
    expect(out()).toContain('\u001b[31mfailure\u001b[39m');
    expect(harmless(out())).toBe('ID  PROJECT   RESULT\n 7  greeter   failure\n12  libgreet  -\n');
  });

  test('fits a terminal, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string()), { minLength: 1 }), (cells) => {
        const lines = layTable([{ title: 'A' }, { title: 'B' }], cells, { columns: 30, paint: (_, text) => text });
        for (const line of lines) {
          expect(width(line)).toBeLessThanOrEqual(30);
          // eslint-disable-next-line no-control-regex -- none of them may be left
          expect(line).not.toMatch(/[\u0000-\u001f\u007f]/);
        }
      }),
    );
  });

  test('counts wide characters as two columns and combining ones as none', () => {
    expect([width('abc'), width('日本'), width('e\u0301'), width('📦')]).toEqual([3, 4, 1, 2]);
    expect(cut('日本語', 4)).toBe('日…');
    expect(cut('abcd', 4)).toBe('abcd');
  });
});

describe('printing', () => {
  test('results are one JSON document with --json, and nothing else on standard output', () => {
    const { print, out, err } = screen({ json: true });
    print.status('working');
    print.note('a remark');
    print.result({ a: '\u001b[31m\u009b2J\u202e' }, () => {
      print.line('for people');
    });
    expect(JSON.parse(out())).toEqual({ a: '\u001b[31m\u009b2J\u202e' });
    // eslint-disable-next-line no-control-regex -- none of them may be left
    expect(out()).not.toMatch(/[\u001b\u009b\u202e]/);
    expect(err()).toBe('a remark\n');
  });

  test('what strangers wrote cannot steer the terminal; what we coloured stays coloured', () => {
    const { print, out } = screen({ terminal: true });
    print.line(`${print.paint('green', 'ok')} \u001b[2J\u001b]0;evil\u0007subject\u202e\rover`);
    expect(out()).toBe('\u001b[32mok\u001b[39m subjectover\n');
    expect(oneLine('a\r\nb\tc')).toBe('a b c');
  });

  test('a log goes unchanged into a file and harmless onto a terminal', () => {
    const log = 'x\u001b[31mred\u001b[0m\u0007\n';
    const file = screen();
    file.print.passOn(log);
    expect(file.out()).toBe(log);
    const terminal = screen({ terminal: true });
    terminal.print.passOn(log);
    expect(terminal.out()).toBe('xred\n');
  });

  test('the status line is one line at the bottom of a terminal, and nowhere else', () => {
    const terminal = screen({ terminal: true, columns: 24 });
    terminal.print.status(`building\n${'x'.repeat(100)}`);
    terminal.print.line('done');
    terminal.print.status(null);
    expect(terminal.err()).toBe(`building ${'x'.repeat(13)}…\r\u001b[2K`);
    for (const options of [{}, { terminal: true, quiet: true }, { terminal: true, json: true }]) {
      const other = screen(options);
      other.print.status('building');
      expect(other.err()).toBe('');
    }
  });

  test('--quiet takes the remarks away and leaves the results', () => {
    const { print, out, err } = screen({ quiet: true });
    print.note('a remark');
    print.line('a result');
    expect([out(), err()]).toEqual(['a result\n', '']);
  });
});

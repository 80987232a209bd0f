import { styleText } from 'node:util';
import { layTable, type Cell, type CellStyle, type Column } from './table.ts';
import { cut, harmless, oneLine } from './text.ts';

export interface PrintOptions {
  /** `--json`. */
  json: boolean;
  /** `--quiet`: no notes, no status. */
  quiet: boolean;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
}

/**
 * Everything a command says goes through here. Results go to standard output, everything else to standard error, so that a pipe gets results
 * only. Terminal control characters in what is printed are taken out: subjects, versions and logs come from strangers.
 */
export interface Printer {
  readonly json: boolean;
  /** Whether standard output is a terminal. */
  readonly terminal: boolean;
  /** The command's result: `data` as one JSON document with `--json`, else what `people` prints. */
  result(data: unknown, people: () => void): void;
  /** One JSON document a line, for results that come bit by bit with `--json`. */
  jsonLine(data: unknown): void;
  line(text?: string): void;
  table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): void;
  /** Passes text on: unchanged to a file or pipe, without control characters to a terminal. */
  passOn(text: string): void;
  /** A remark to the person, not part of the result. */
  note(text: string): void;
  /** Replaces the status line at the bottom of a terminal; null takes it away. Nothing where standard error is no terminal. */
  status(text: string | null): void;
  /** Colours for a terminal; plain text otherwise. */
  paint(style: CellStyle, text: string): string;
}

export function createPrinter({ json, quiet, stdout, stderr }: PrintOptions): Printer {
  const paint = (style: CellStyle, text: string) => styleText(style, text, { stream: stdout });
  let statusShown = false;
  const clearStatus = () => {
    if (statusShown) stderr.write('\r\u001b[2K');
    statusShown = false;
  };
  const write = (text: string) => {
    clearStatus();
    stdout.write(text);
  };
  const line = (text = '') => {
    write(`${keepColours(text)}\n`);
  };
  return {
    json,
    terminal: stdout.isTTY,
    result(data, people) {
      if (json) write(`${jsonText(data, 2)}\n`);
      else people();
    },
    jsonLine(data) {
      write(`${jsonText(data)}\n`);
    },
    line,
    table(columns, rows) {
      const look = { columns: stdout.isTTY ? stdout.columns : undefined, paint };
      for (const text of layTable(columns, rows, look)) write(`${text}\n`);
    },
    passOn(text) {
      write(stdout.isTTY ? harmless(text) : text);
    },
    note(text) {
      if (quiet) return;
      clearStatus();
      stderr.write(`${harmless(text)}\n`);
    },
    status(text) {
      if (quiet || json || !stderr.isTTY) return;
      clearStatus();
      if (text === null) return;
      stderr.write(cut(oneLine(text), Math.max(20, stderr.columns - 1)));
      statusShown = true;
    },
    paint,
  };
}

/** JSON in which no character steers a terminal: JSON itself escapes only those below a blank. */
function jsonText(data: unknown, indent?: number): string {
  return JSON.stringify(data, null, indent).replace(
    /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

// eslint-disable-next-line no-control-regex -- the colours that `paint` puts in
const COLOUR = /(\u001b\[\d{1,2}m)/;

/** Harmless text in which what `paint` coloured stays coloured. */
function keepColours(text: string): string {
  return text
    .split(COLOUR)
    .map((part) => (COLOUR.test(part) ? part : harmless(part)))
    .join('');
}

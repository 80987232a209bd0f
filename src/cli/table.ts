import { cut, oneLine, width } from './text.ts';

export type CellStyle = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** A cell: its text, or its text with a style. null prints as `-`. */
export type Cell = string | number | null | { text: string; style: CellStyle };

export interface Column {
  title: string;
  align?: 'left' | 'right';
}

export interface TableLook {
  /** Columns of the terminal; undefined when the output is none, and nothing is cut. */
  columns?: number | undefined;
  paint: (style: CellStyle, text: string) => string;
}

const GAP = '  ';
const NARROWEST = 8;

/** The lines of a table: titles, then a line a row, the columns aligned. On a terminal too narrow for it the widest column is cut. */
export function layTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], look: TableLook): string[] {
  const texts = rows.map((row) => columns.map((_, index) => textOf(row[index] ?? null)));
  const widths = columns.map((column, index) =>
    Math.max(width(column.title), ...texts.map((row) => width(row[index] ?? ''))),
  );
  if (look.columns !== undefined) narrow(widths, look.columns);
  const line = (cells: readonly string[], paint: (index: number, text: string) => string) =>
    cells
      .map((cell, index) => {
        const text = cut(cell, widths[index] ?? 0);
        const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - width(text)));
        return columns[index]?.align === 'right' ? padding + paint(index, text) : paint(index, text) + padding;
      })
      .join(GAP)
      .trimEnd();
  const titles = line(
    columns.map((column) => column.title),
    (_, text) => look.paint('bold', text),
  );
  return [
    titles,
    ...texts.map((row, number) => line(row, (index, text) => paintCell(rows[number]?.[index] ?? null, text, look))),
  ];
}

function textOf(cell: Cell): string {
  if (cell === null) return '-';
  return oneLine(typeof cell === 'object' ? cell.text : String(cell));
}

function paintCell(cell: Cell, text: string, look: TableLook): string {
  if (cell === null) return look.paint('dim', text);
  return typeof cell === 'object' ? look.paint(cell.style, text) : text;
}

function narrow(widths: number[], columns: number): void {
  const total = () => widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1);
  while (total() > columns) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) return;
    widths[widths.indexOf(widest)] = Math.max(NARROWEST, widest - (total() - columns));
  }
}

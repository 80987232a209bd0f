/** Paragraphs with an empty line between them. Prose is wrapped at 78 columns; what is indented or has lines of its own (a log, a list) never is. */
export function compose(paragraphs: readonly string[]): string {
  return `${paragraphs.map((paragraph) => (paragraph.includes('\n') || paragraph.startsWith(' ') ? paragraph : wrap(paragraph))).join('\n\n')}\n`;
}

function wrap(paragraph: string): string {
  return paragraph.replace(/(?![^\n]{1,78}$)([^\n]{1,78}) /g, '$1\n');
}

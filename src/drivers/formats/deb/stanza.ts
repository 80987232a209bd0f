/** One field of a control stanza; `value` has its continuation lines, each with its leading blank. */
export interface Field {
  name: string;
  value: string;
}

/**
 * The fields of one stanza as apt wrote it.
 * @throws Error for what a second reader could take for something else: a blank line, a doubled field, a control character (apt takes a carriage
 * return for the end of a stanza).
 */
export function parseStanza(text: string): Field[] {
  const fields: Field[] = [];
  const seen = new Set<string>();
  for (const line of text.replace(/\n+$/, '').split('\n')) {
    // eslint-disable-next-line no-control-regex -- control characters are what this looks for
    if (/[\x00-\x08\x0b-\x1f\x7f]/.test(line)) throw new Error(`a control character in "${line.slice(0, 60)}"`);
    const last = fields.at(-1);
    if (/^[ \t]+\S/.test(line) && last !== undefined) {
      last.value += `\n${line}`;
      continue;
    }
    const [, name, value] = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`"${line.slice(0, 60)}" is no control field`);
    if (seen.has(name.toLowerCase())) throw new Error(`the field ${name} occurs twice`);
    seen.add(name.toLowerCase());
    fields.push({ name, value });
  }
  return fields;
}

/** A stanza as text, with its last newline and without a blank line after it. */
export function formatStanza(fields: readonly Field[]): string {
  return fields
    .map(({ name, value }) => `${name}:${value === '' || value.startsWith('\n') ? value : ` ${value}`}\n`)
    .join('');
}

/** Field → value, names as the stanza has them. */
export function fieldsByName(fields: readonly Field[]): Record<string, string> {
  return Object.fromEntries(fields.map(({ name, value }) => [name, value]));
}

/** A relation field's parts: `a (>= 1), b | c` → two. */
export function relationsOf(...values: readonly string[]): string[] {
  return values.flatMap((value) =>
    value
      .split(',')
      .map((relation) => relation.replaceAll(/\s+/g, ' ').trim())
      .filter((relation) => relation !== ''),
  );
}

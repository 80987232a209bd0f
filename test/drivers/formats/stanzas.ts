/** Stanzas as field → value, by package name. */
export function stanzas(text: string): Record<string, string>[] {
  const parsed = text
    .trim()
    .split('\n\n')
    .map((stanza) => Object.fromEntries(stanza.split(/\n(?! )/).map((field) => splitField(field))));
  return parsed.sort((a, b) => ((a.Package ?? '') < (b.Package ?? '') ? -1 : 1));
}

function splitField(field: string): [string, string] {
  const at = field.indexOf(':');
  return [field.slice(0, at), field.slice(at + 1).trim()];
}

/**
 * Whether `name` is what `pattern` means: the name itself, or one with `*` for any number of characters, none included. There is nothing else
 * that is special. With a pattern for `name` the answer is whether everything that pattern means is meant by the first one too.
 */
export function matches(pattern: string, name: string): boolean {
  const [head = '', ...parts] = pattern.split('*');
  const tail = parts.pop();
  if (tail === undefined) return name === pattern;
  if (!name.startsWith(head) || !name.endsWith(tail) || name.length < head.length + tail.length) return false;
  // The leftmost place of each part leaves the most room to the next: linear, whatever the pattern.
  const end = name.length - tail.length;
  let at = head.length;
  for (const part of parts) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** A name, or a name with `*` in it, of a project, target or ref. */
export const PATTERN = /^[A-Za-z0-9*][A-Za-z0-9._+*-]{0,199}$/;

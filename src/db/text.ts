/**
 * Text from outside as both engines keep it: PostgreSQL refuses the character NUL, and neither keeps half a surrogate pair. At most `limit`
 * characters (default 10,000), so that nobody fills the database with a commit message.
 */
export function storable(text: string, limit = 10_000): string {
  const short = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return short.replaceAll('\0', '\uFFFD').toWellFormed();
}

/** `storable`, with null for null. */
export function storableOrNull(text: string | null): string | null {
  return text === null ? null : storable(text);
}

/** A column that `JSON.stringify` wrote; its shape is the writer's, so the reader says it. */
export function parsed(json: string): unknown {
  return JSON.parse(json);
}

/** Words by which compilers, test runners and interpreters report what went wrong. */
const SPECIFIC =
  /\b(error|fatal|failed|failure|undefined reference|cannot|can't|no such file|not found|no space left|killed|traceback|exception|unable|resource temporarily unavailable|denied|segmentation fault|assert)/i;
/** make and ninja say only which rule failed. */
const GENERAL = /^(make(\[\d+\])?: |ninja: build stopped|FAILED: )/;
const MAX_LINES = 2000;

/** The last line that says what went wrong, or else the last line that says anything; null for no words at all. */
export function lastErrorLine(lines: readonly string[]): string | null {
  const said = lines
    .slice(-MAX_LINES)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('+ '));
  const specific = said.findLast((line) => SPECIFIC.test(line) && !GENERAL.test(line));
  return specific ?? said.findLast((line) => GENERAL.test(line)) ?? said.at(-1) ?? null;
}

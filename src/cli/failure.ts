import { harmless } from './text.ts';

/** Tells a person, or with `--json` a program, what went wrong, on standard error. */
export async function reportFailure(error: unknown, { json, debug }: { json: boolean; debug: boolean }): Promise<void> {
  const { describeError, errnoOf, redact, TrunklineError } = await import('../lib/index.ts');
  const known = error instanceof TrunklineError;
  if (json) {
    const message = error instanceof Error ? error.message : String(error);
    const details = known
      ? {
          code: error.code,
          message,
          where: error.where,
          hint: error.hint,
          ...('mistakes' in error ? { mistakes: error.mistakes } : {}),
        }
      : { code: 'internal', message };
    process.stderr.write(`${redact(JSON.stringify({ error: details }))}\n`);
    return;
  }
  process.stderr.write(`trunkline: ${harmless(redact(describeError(error)))}\n`);
  // What the operating system refused is no mistake of ours.
  if (known || !(error instanceof Error) || errnoOf(error) !== undefined) return;
  const trace = debug ? `\n${error.stack ?? ''}` : ' --log-level debug shows where';
  process.stderr.write(`This is a mistake in trunkline itself.${harmless(redact(trace))}\n`);
}

import { pino, type Logger } from 'pino';
import { redact } from './redact.ts';

export type { Logger } from 'pino';

/** A JSON logger on standard error. Every line is redacted. `level` is pino's (`silent` for none). */
export function createLog(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => void process.stderr.write(redact(line)) },
  );
}

import { appendFile } from 'node:fs/promises';
import { fileSystemError } from './files.ts';
import { hidePrivateKeys, type KeyState } from './private-keys.ts';
import { hide, redact, registeredSecrets } from './redact.ts';
import { findSecrets, LONGEST_MATCH } from './secret-patterns.ts';

/** Takes secrets out of bytes that come piece by piece. What comes out depends on the bytes alone, not on how they were cut. */
export interface Redactor {
  /** What can be shown by now: whole lines, and of a very long one all but its end. */
  push(chunk: Uint8Array): Buffer;
  /** The rest. */
  end(): Buffer;
}

/** Bytes of a line after which its beginning is shown without its end; no more is held. */
const WINDOW = 64 * 1024;

export function createRedactor(): Redactor {
  let held = Buffer.alloc(0);
  const key: KeyState = { inside: 0 };
  // A character for each byte: nothing is changed that is not hidden, be it UTF-8 or not.
  const known = [...registeredSecrets()].map((secret) => Buffer.from(secret, 'utf8').toString('latin1'));
  const clean = (bytes: Buffer): Buffer => {
    const text = bytes.toString('latin1');
    const shown = hidePrivateKeys(hide(text, findSecrets(text, known)), key);
    return shown === text ? bytes : Buffer.from(shown, 'latin1');
  };
  return {
    push: (chunk) => {
      held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
      const shown: Buffer[] = [];
      for (;;) {
        const lines = wholeLines(held);
        if (lines > 0) shown.push(clean(held.subarray(0, lines)));
        held = held.subarray(lines);
        if (held.length < WINDOW) break;
        const part = safePart(held.toString('latin1', 0, WINDOW), known);
        shown.push(clean(held.subarray(0, part)));
        held = held.subarray(part);
      }
      // Not the large buffer it was cut from.
      held = Buffer.from(held);
      return Buffer.concat(shown);
    },
    end: () => {
      const rest = clean(held);
      held = Buffer.alloc(0);
      return rest;
    },
  };
}

/** How many bytes are lines of less than a window, up to the first longer one. */
function wholeLines(held: Buffer): number {
  for (let end = 0; ;) {
    const next = held.indexOf(10, end);
    if (next === -1 || next - end >= WINDOW) return end;
    end = next + 1;
  }
}

/**
 * Up to where a window of a long line can be shown: any secret that begins before is whole before, and none stands across. Where what looks like secrets
 * goes on and on, up to the end of it.
 */
function safePart(window: string, known: readonly string[]): number {
  const cut = window.length - LONGEST_MATCH;
  const across = findSecrets(window, known).find(({ from, end }) => from < cut && end > cut);
  if (across === undefined) return cut;
  return across.from > WINDOW / 8 ? across.from : across.end;
}

/** Appends a whole text to a log, redacted. @throws TrunklineError `no_space`, `data_dir_unwritable` */
export async function appendToLog(path: string, text: string): Promise<void> {
  await appendFile(path, redact(text)).catch((error: unknown) => {
    throw fileSystemError(error, path);
  });
}

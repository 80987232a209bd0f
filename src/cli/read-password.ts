import { Writable } from 'node:stream';
import { createInterface, type Interface } from 'node:readline';
import { onAbort, registerSecret, TrunklineError } from '../lib/index.ts';

/** Longer than a password may be. */
const LONGEST = 4096;

/**
 * A new password: asked for twice at a terminal, without showing it, else the first line of standard input. Never from the command line, where every
 * user of the machine sees it.
 * @throws TrunklineError `invalid_argument` when there is none, or the two differ
 */
export async function readPassword(signal: AbortSignal): Promise<string> {
  const password = process.stdin.isTTY ? await askTwice(signal) : await firstLine();
  if (password === '')
    throw new TrunklineError('invalid_argument', 'There is no password on standard input', {
      hint: 'pipe it in, as from a password store, or run the command at a terminal; --no-password makes a user with tokens only',
    });
  registerSecret(password);
  return password;
}

/** One interface for both answers: between two of them the terminal would show what is typed. */
async function askTwice(signal: AbortSignal): Promise<string> {
  const nowhere = new Writable({
    write(_chunk, _encoding, done) {
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  // At a terminal in raw mode Ctrl-C is a character.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const ask = (question: string) => {
    process.stderr.write(question);
    return answer(lines, signal).finally(() => process.stderr.write('\n'));
  };
  try {
    const password = await ask('Password: ');
    if (password === '' || password === (await ask('The same again: '))) return password;
  } finally {
    lines.close();
  }
  throw new TrunklineError('invalid_argument', 'The two passwords differ', { hint: 'type it again' });
}

function answer(lines: Interface, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    onAbort(signal, () => {
      reject(new DOMException('The question was interrupted', 'AbortError'));
    });
    lines.once('close', () => {
      resolve('');
    });
    lines.question('', resolve);
  });
}

async function firstLine(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.includes('\n') || text.length > LONGEST) break;
  }
  return (text.split('\n')[0] ?? '').replace(/\r$/, '').slice(0, LONGEST);
}

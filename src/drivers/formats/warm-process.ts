import type { Readable } from 'node:stream';
import type { JailPeer } from '../../lib/jail/index.ts';
import type { OpenJail } from './confined-reading.ts';
import { WARM } from './warm-program.ts';

/** One program that has been loaded and waits in a jail of its own. */
export interface WarmProcess {
  readonly alive: boolean;
  /** What it answers to a question, or undefined when reading failed or took longer; one question at a time. */
  ask(question: readonly Uint8Array[], seconds: number): Promise<string | undefined>;
  end(): void;
}

const LIMITS = { memory: 1024 ** 3, processes: 64, disk: 512 * 1024 ** 2 };
/** Seconds that a process may live: as long as this one, which ends it when it has had nothing to do for a while. */
const LIFE = 2_000_000;
const GREETING = 'ready\n';
const ANSWER_BYTES = 16;

/** @throws Error when the program does not come up: python3 or a library is missing */
export async function startWarmProcess(openJail: OpenJail, label: string, program: string): Promise<WarmProcess> {
  const jail = await openJail({ label, limits: LIMITS });
  const talking = Promise.withResolvers<JailPeer>();
  const running = jail.run(['/usr/bin/python3', '-I', '-c', program + WARM], {
    ...{ root: 'tools', user: 'root', timeout: LIFE, talk: talking.resolve },
    // Symbols are looked up once, here, and not again by each child.
    env: { LD_BIND_NOW: '1' },
  });
  running.then(() => {
    talking.reject(new Error('it has ended'));
  }, talking.reject);
  const state = { alive: true };
  void running
    .catch(() => undefined)
    .then(async () => {
      state.alive = false;
      await jail.close();
    });
  const end = () => {
    state.alive = false;
    void jail.close();
  };
  try {
    const peer = await talking.promise;
    const read = readerOf(peer.output);
    if ((await read(GREETING.length)).toString() !== GREETING) throw new Error('it said something else');
    peer.needed(false);
    return {
      get alive() {
        return state.alive;
      },
      ask: (question, seconds) => askOnce(peer, read, end, { question, seconds }),
      end,
    };
  } catch (error) {
    end();
    throw error;
  }
}

type Read = (size: number) => Promise<Buffer>;

async function askOnce(
  peer: JailPeer,
  read: Read,
  end: () => void,
  { question, seconds }: { question: readonly Uint8Array[]; seconds: number },
): Promise<string | undefined> {
  // Ended, it gives no answer, and the reading of it fails.
  const timer = setTimeout(end, seconds * 1000);
  peer.needed(true);
  try {
    peer.input.cork();
    for (const part of question) peer.input.write(part);
    peer.input.uncork();
    const head = await read(ANSWER_BYTES);
    const out = await read(Number(head.readBigUInt64BE(4)));
    await read(head.readUInt32BE(12));
    return head.readInt32BE(0) === 0 ? out.toString('utf8') : undefined;
  } catch {
    end();
    return undefined;
  } finally {
    clearTimeout(timer);
    peer.needed(false);
  }
}

/** Reads so many bytes at a time. It @throws Error when the stream ends before. */
function readerOf(stream: Readable): Read {
  let ended = false;
  let changed: () => void = () => undefined;
  for (const event of ['end', 'close', 'error'])
    stream.on(event, () => {
      ended = true;
      changed();
    });
  stream.on('readable', () => {
    changed();
  });
  return async (size) => {
    const parts: Buffer[] = [];
    let left = size;
    while (left > 0) {
      const available = Math.min(left, stream.readableLength);
      const part = available === 0 ? null : (stream.read(available) as Buffer | null);
      if (part !== null) {
        parts.push(part);
        left -= part.length;
      } else if (ended) throw new Error('it has ended');
      else await new Promise<void>((resolve) => (changed = resolve));
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  };
}

import { spawn } from 'node:child_process';
import { lstat } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { BASE_ENVIRONMENT, run } from '../../../lib/index.ts';
import { signingFailed } from '../refusal.ts';

/**
 * Starts the agent from a shell that then reads from us: when this process ends, however it does, the read ends and the shell tells the agent to
 * end. When there is an agent already, gpg-agent says so and fails, and this one's keeper has nothing to keep.
 */
const KEEPER = `
gpg-agent --homedir "$1" --quiet --daemon || exit 0
read -r _
exec gpg-connect-agent --raw-socket "$2" --quiet KILLAGENT /bye
`;
const START_TIMEOUT = 10_000;
/** What the kernel takes for a socket's path. */
const LONGEST_SOCKET = 107;

const starting = new Map<string, Promise<void>>();
/** The agent's socket by GnuPG home, as gpgconf said it: asked again only when nobody answers there. */
const sockets = new Map<string, string>();

/**
 * Sees that an agent answers for the GnuPG home: one that is there (a person's, with a passphrase in it) is used, otherwise one is started that
 * ends with this process. gpg itself is never let start one, because that one would stay.
 * @throws TrunklineError `signing_failed` when there is no such directory or no agent comes up, `missing_tool`.
 */
export async function ensureAgent(home: string): Promise<void> {
  const going = starting.get(home) ?? startAgent(home);
  starting.set(home, going);
  try {
    await going;
  } finally {
    starting.delete(home);
  }
}

/** The socket of an agent that answers. @throws as `ensureAgent` does */
export async function agentSocket(home: string): Promise<string> {
  const known = sockets.get(home);
  if (known !== undefined) return known;
  await ensureAgent(home);
  return sockets.get(home) ?? socketOf(home);
}

async function startAgent(home: string): Promise<void> {
  const status = await lstat(home).catch(() => undefined);
  if (status?.isDirectory() !== true)
    throw signingFailed('There is no directory with keys', home, 'correct signing.gnupghome, or make a key there');
  const known = sockets.get(home);
  if (known !== undefined && (await answers(known))) return;
  const socket = await socketOf(home);
  sockets.set(home, socket);
  if (await answers(socket)) return;
  const child = spawn('/bin/sh', ['-c', KEEPER, 'sh', home, socket], {
    ...{ stdio: ['pipe', 'ignore', 'pipe'], detached: true, env: { ...BASE_ENVIRONMENT } },
  });
  const said = { text: '' };
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.text = (said.text + text).slice(-2000)));
  for (const end of [child, child.stdin, child.stderr]) {
    if ('unref' in end && typeof end.unref === 'function') end.unref();
    end.on('error', () => undefined);
  }
  const deadline = performance.now() + START_TIMEOUT;
  while (!(await answers(socket))) {
    if (performance.now() > deadline || said.text.includes('not found')) {
      child.stdin.end();
      throw signingFailed(`gpg-agent does not start: ${said.text.trim()}`, home, 'install gnupg with gpg-agent');
    }
    await delay(2);
  }
}

async function socketOf(home: string): Promise<string> {
  const { stdout } = await run(['gpgconf', '--homedir', home, '--list-dirs', 'agent-socket']);
  const socket = decodeURIComponent(stdout.trim());
  if (Buffer.byteLength(socket) > LONGEST_SOCKET)
    throw signingFailed(
      `The path of gpg-agent's socket, ${socket}, is longer than ${LONGEST_SOCKET} bytes`,
      home,
      'keep the keys in a directory with a shorter path: name it as signing.gnupghome, or move data_dir',
    );
  return socket;
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const done = (answer: boolean) => {
      connection.destroy();
      resolve(answer);
    };
    connection.once('data', () => {
      done(true);
    });
    connection.once('error', () => {
      done(false);
    });
    connection.once('close', () => {
      done(false);
    });
  });
}

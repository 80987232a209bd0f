import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/lib/index.ts';

const homes: string[] = [];

/** A directory under /tmp that goes with `removeHomes`; its path is short enough for gpg-agent's socket. */
export async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tl-sign-'));
  homes.push(directory);
  return directory;
}

export async function removeHomes(): Promise<void> {
  for (const home of homes.splice(0)) {
    await run(['gpgconf', '--homedir', home, '--kill', 'gpg-agent'], { okExitCodes: [0, 1, 2] });
    await run(['gpgconf', '--homedir', home, '--remove-socketdir'], { okExitCodes: [0, 1, 2] });
    await rm(home, { recursive: true, force: true });
  }
}

export interface TestKey {
  algorithm?: string;
  passphrase?: string;
  /** As gpg takes it: `seconds=1`, `20200101T000000`, `never`. */
  expires?: string;
  /** The clock at which it is made: `20200101T000000!`. */
  madeAt?: string;
}

/** Makes a key in a GnuPG home with plain gpg, as a person would; answers its fingerprint. */
export async function makeKey(home: string, key: TestKey = {}): Promise<string> {
  const { algorithm = 'ed25519', passphrase = '', expires = 'never', madeAt } = key;
  const clock = madeAt === undefined ? [] : ['--faked-system-time', madeAt];
  const { stdout } = await run([
    ...(['gpg', '--homedir', home, '--batch', '--quiet', '--status-fd', '1'] as [string, ...string[]]),
    ...[...clock, '--pinentry-mode', 'loopback', '--passphrase', passphrase],
    ...[
      '--yes',
      '--quick-generate-key',
      `Test ${String(homes.length)} ${algorithm} <t@example.org>`,
      algorithm,
      'sign',
      expires,
    ],
  ]);
  return /KEY_CREATED P ([0-9A-F]{40})/.exec(stdout)?.[1] ?? '';
}

/** Takes the agent that making keys started away, so that what follows starts its own. */
export async function killAgent(home: string): Promise<void> {
  await run(['gpgconf', '--homedir', home, '--kill', 'gpg-agent']);
}

/** Ids of the gpg-agents that run for a GnuPG home. */
export async function agentsOf(home: string): Promise<number[]> {
  const { stdout } = await run(['ps', '-eo', 'pid=,stat=,args=']);
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .filter(
      ([, , state = '', command = '']) =>
        !state.startsWith('Z') && command.startsWith('gpg-agent ') && command.includes(home),
    )
    .map(([, id]) => Number(id));
}

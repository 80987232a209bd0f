import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dearmor, run } from '../../lib/index.ts';
import { gpgCommand, parseListing } from './public-keys.ts';

/** Fingerprints of the public keys in armored text, in its order; none where gpg finds no key in it. @throws ProcessError `missing_tool` */
export async function readFingerprints(armored: string): Promise<string[]> {
  const blocks = dearmor(armored).filter(({ kind }) => kind === 'PUBLIC KEY BLOCK');
  if (blocks.length === 0) return [];
  // gpg wants a home, and makes files in it.
  const home = await mkdtemp(join(tmpdir(), 'trunkline-fingerprints-'));
  try {
    const { stdout } = await run(
      [...gpgCommand(home), '--quiet', '--with-colons', '--fixed-list-mode', '--show-keys', '-'],
      { input: Buffer.concat(blocks.map(({ content }) => content)), okExitCodes: [0, 2] },
    );
    return parseListing(stdout).map(({ fingerprint }) => fingerprint);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

import { fileSystemError, lastLines, ProcessError, run } from '../../../lib/index.ts';
import type { SignatureForm } from '../../../model/index.ts';
import { gpgCommand } from '../public-keys.ts';
import { signingFailed } from '../refusal.ts';
import { ensureAgent } from './agent.ts';

const FORMS: Readonly<Record<SignatureForm, readonly string[]>> = {
  detached: ['--detach-sign'],
  armored: ['--armor', '--detach-sign'],
  clearsigned: ['--clear-sign'],
};
/** A token that waits for a finger, or an agent on a slow machine. */
const TIMEOUT = 60_000;

export interface GpgRequest {
  home: string;
  /** Fingerprints. */
  users: readonly string[];
  passphraseFile: string | null;
}

/** What gpg makes of `content`, not yet verified. @throws TrunklineError `signing_failed` in gpg's words. */
export async function signWithGpg(request: GpgRequest, content: Uint8Array, form: SignatureForm): Promise<Uint8Array> {
  try {
    return await callGpg(request, content, form);
  } catch (error) {
    // Another process's agent may have ended between our asking for it and gpg's.
    if (!(error instanceof ProcessError) || !/no gpg-agent running|No agent running/i.test(error.stderr))
      throw explained(error, request);
  }
  try {
    return await callGpg(request, content, form);
  } catch (error) {
    throw explained(error, request);
  }
}

async function callGpg(request: GpgRequest, content: Uint8Array, form: SignatureForm): Promise<Uint8Array> {
  await ensureAgent(request.home);
  const { passphraseFile, users } = request;
  const { stdout } = await run(
    [
      ...gpgCommand(request.home),
      ...[
        '--trust-model',
        'always',
        '--pinentry-mode',
        'loopback',
        '--digest-algo',
        'SHA256',
        '--no-emit-version',
        '--no-comments',
      ],
      ...(passphraseFile === null ? [] : ['--passphrase-file', passphraseFile]),
      ...users.flatMap((user) => ['--local-user', user]),
      ...FORMS[form],
      ...['--output', '-'],
    ],
    { input: content, encoding: 'latin1', timeout: TIMEOUT, maxOutput: 2 * content.length + 1024 * 1024 },
  );
  return Buffer.from(stdout, 'latin1');
}

function explained(error: unknown, { home, users, passphraseFile }: GpgRequest): unknown {
  if (!(error instanceof ProcessError) || error.code === 'missing_tool') return error;
  const words = lastLines(error.stderr, 3).replaceAll('\n', '; ');
  // gpg locks its keyring with a file beside it.
  if (/No space left on device|Disk quota exceeded/.test(error.stderr))
    return fileSystemError(Object.assign(new Error(words), { code: 'ENOSPC' }), home);
  const locked = /passphrase|pinentry|Inappropriate ioctl|Operation cancelled|in batchmode/i.test(words);
  const hint = locked
    ? passphraseFile === null
      ? 'the key has a passphrase: put it into the first line of a file and name it as signing.passphrase_file'
      : `correct the passphrase in ${passphraseFile}`
    : `try it by hand: gpg --homedir ${home} --local-user ${users[0] ?? ''} --detach-sign FILE`;
  return signingFailed(`gpg cannot sign: ${error.timedOut ? 'it took too long' : words}`, home, hint, error);
}

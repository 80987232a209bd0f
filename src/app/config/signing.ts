import { join, resolve } from 'node:path';
import type { SigningSettings } from '../../model/index.ts';
import type { GeneralInput } from './schema/index.ts';
import type { SecretSource } from './secrets.ts';

/** Where keys of Trunkline's own, and by default given ones, are kept. */
export const keyDirectory = (dataDir: string): string => join(dataDir, 'keys');

/** The section `signing`, and what is wrong with its keys together. null: nothing is signed, or it is wrong. */
export function readSigning(
  input: GeneralInput['signing'] | null,
  dataDir: string,
  { directory, report }: SecretSource,
): SigningSettings | null {
  if (input === undefined || input === null) return null;
  const { key, gnupghome, passphrase_file: passphraseFile, command, public_keys: publicKeys } = input;
  const wrong = (name: string, what: string, remedy: string) => {
    report.add(['signing', name], what, remedy, 'key');
    return null;
  };
  if (command !== undefined) {
    const other = key !== undefined ? 'key' : gnupghome !== undefined ? 'gnupghome' : undefined;
    if (other !== undefined || passphraseFile !== undefined)
      return wrong(
        other ?? 'passphrase_file',
        'command is there as well',
        'the program knows its key; keep one of them',
      );
    if (publicKeys === undefined)
      return wrong(
        'public_keys',
        'the key public_keys is missing',
        'name the file that clients are given the keys from',
      );
    const [program = '', ...rest] = command;
    const path = program.includes('/') ? resolve(directory, program) : program;
    return { kind: 'command', command: [path, ...rest], publicKeys: resolve(directory, publicKeys) };
  }
  if (publicKeys !== undefined)
    return wrong(
      'public_keys',
      'there is no command',
      'add command; for a key in a GnuPG home the public keys are taken from there',
    );
  const home = gnupghome === undefined ? keyDirectory(dataDir) : resolve(directory, gnupghome);
  if (key !== undefined)
    return {
      ...{ kind: 'gpg', home, keys: key.map((one) => one.replaceAll(' ', '').toUpperCase()) },
      passphraseFile: passphraseFile === undefined ? null : resolve(directory, passphraseFile),
    };
  const lonely = gnupghome !== undefined ? 'gnupghome' : passphraseFile !== undefined ? 'passphrase_file' : undefined;
  if (lonely !== undefined)
    return wrong(lonely, 'the key key is missing beside it', 'add key: the fingerprint of the key that signs');
  return { kind: 'own', directory: keyDirectory(dataDir) };
}

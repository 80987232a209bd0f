import { joinKeys } from '../lib/index.ts';
import type { PackageFormat, Signer } from '../model/index.ts';

/** The signatures of a repository's first file, and the keys beside it where clients look there; nothing without a signer. */
export async function signedFiles(
  { format, signer }: { format: PackageFormat; signer: Signer | null },
  first: { path: string; content: string },
): Promise<{ path: string; content: string | Uint8Array }[]> {
  if (signer === null) return [];
  const { signatures, keyPath } = format.layout;
  const files = await Promise.all(
    signatures(first.path).map(async ({ path, form }) => ({
      path,
      content: await signer.sign(Buffer.from(first.content), form),
    })),
  );
  return keyPath === null ? files : [...files, { path: keyPath, content: await armoredKeys(signer) }];
}

/** All public keys that clients are to trust as one armored block: two keys while one is being replaced. */
export async function armoredKeys(signer: Signer): Promise<string> {
  return joinKeys((await signer.publicKeys()).map((key) => key.armored));
}

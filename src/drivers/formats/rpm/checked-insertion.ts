import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../../lib/index.ts';
import type { PublicKey } from '../../../model/index.ts';
import { invalidPackage } from '../confined-reading.ts';
import type { SignatureInserter, Unsigned } from './insert-signatures.ts';
import { signedFront, type SignedFront } from './signature-header.ts';

/**
 * Puts signatures into ordinary packages itself, which `jailed` takes a jail's start for, but only signatures of a kind that it has seen `jailed` take
 * under the same keys and leave exactly as it does: so rpm has accepted the key, and the rpm of this machine writes no other header. Once one was
 * different, `jailed` does all of them as long as this process lives. Everything out of the ordinary is left to `jailed` always.
 */
export function createCheckedInserter(jailed: SignatureInserter): SignatureInserter {
  const proven = new Set<string>();
  let differs = false;
  const isProven = ({ kind }: SignedFront) => !differs && proven.has(kind);
  const insert: SignatureInserter['insert'] = async (files, keys, work) => {
    const own = new Map(files.map((one) => [one, differs ? undefined : ownFront(one, keys)]));
    const fronts = new Map<Unsigned, Buffer>();
    const byRpmsign = async (some: readonly Unsigned[], name: string) => {
      if (some.length === 0) return;
      await mkdir(join(work, name));
      const found = await jailed.insert(some, keys, join(work, name));
      for (const [n, one] of some.entries()) {
        const front = found[n];
        if (front === undefined) throw invalidPackage(one.file, 'rpmsign left no signature in it');
        fronts.set(one, front);
      }
    };
    const trials = firstOfEach(own, isProven);
    await byRpmsign(
      files.filter((one) => own.get(one) === undefined || trials.includes(one)),
      'first',
    );
    for (const one of trials) {
      const made = own.get(one);
      if (made === undefined) continue;
      if (fronts.get(one)?.equals(made.front) === true) proven.add(made.kind);
      else differs = true;
    }
    for (const [one, made] of own)
      if (made !== undefined && isProven(made) && !fronts.has(one)) fronts.set(one, made.front);
    await byRpmsign(
      files.filter((one) => !fronts.has(one)),
      'rest',
    );
    return files.flatMap((one) => fronts.get(one) ?? []);
  };
  return { insert };
}

/** With the keys that clients are given as part of its kind. */
function ownFront({ head, signatures }: Unsigned, keys: readonly PublicKey[]): SignedFront | undefined {
  const signature = signatures.get(sha256(head.header));
  const made = signature === undefined || signatures.size > 1 ? undefined : signedFront(head, signature);
  if (made === undefined) return undefined;
  return { front: made.front, kind: sha256(JSON.stringify([made.kind, ...keys.map(({ armored }) => armored)])) };
}

/** One package for each kind that nobody has tried yet. */
function firstOfEach(
  own: ReadonlyMap<Unsigned, SignedFront | undefined>,
  isProven: (made: SignedFront) => boolean,
): Unsigned[] {
  const found = new Map<string, Unsigned>();
  for (const [one, made] of own)
    if (made !== undefined && !isProven(made) && !found.has(made.kind)) found.set(made.kind, one);
  return [...found.values()];
}

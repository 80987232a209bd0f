import { insertSnapshot, type Db } from '../../src/db/index.ts';
import { createMutexes, sha256 } from '../../src/lib/index.ts';
import type { Settings, Target } from '../../src/model/index.ts';
import type { PromotionContext, Subject } from '../../src/promotion/index.ts';
import type { Repository } from '../../src/repos/index.ts';
import { NOON } from '../db/samples.ts';

export const TARGET = 'fedora-43-x86_64';

/** A context whose repository writes down where its links were pointed; `signing.refused` is what becomes of signing. */
export function contextOf(db: Db, protectedRefs: readonly string[] = []) {
  const links = new Map<string, string>();
  const signing: { refused: Error | null } = { refused: null };
  const moveRef = (name: string, hash: string) => {
    links.set(name, hash);
    return Promise.resolve();
  };
  const removeRef = (name: string) => {
    links.delete(name);
    return Promise.resolve();
  };
  const context: PromotionContext = {
    settings: {
      ...{ file: 'x.yaml', targets: [{ name: TARGET }, { name: 'other' }], protectedRefs },
      server: { workerLease: 60, trustedProxies: [] },
    } as unknown as Settings,
    db,
    repository: () =>
      ({
        ...{ moveRef, removeRef },
        requireSigning: (hashes: readonly string[]) =>
          signing.refused === null || hashes.length === 0 ? Promise.resolve() : Promise.reject(signing.refused),
        isMaterialised: () => Promise.resolve(true),
      }) as unknown as Repository,
    mutexes: createMutexes(),
    now: () => NOON,
  };
  return { context, links, signing };
}

export function subject(name: string, target = TARGET): Subject {
  return { target: { name: target } as Target, name };
}

/** A snapshot made after another one; its hash follows from its name. */
export async function snapshot(db: Db, name: string, { target = TARGET, after = '', at = NOON } = {}): Promise<string> {
  const hash = sha256(name);
  const parentHash = after === '' ? null : sha256(after);
  await insertSnapshot(db, {
    target,
    hash,
    parentHash,
    buildId: null,
    packageCount: 1,
    indexTime: null,
    createdAt: at,
  });
  return hash;
}

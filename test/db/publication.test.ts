import { expect, it } from 'vitest';
import {
  firstBuildOfPair,
  insertPackages,
  isConsistent,
  latestBuilds,
  listPublishedDigests,
  previousVersion,
  requireBuildWithRevision,
  requireRevision,
  type Db,
} from '../../src/db/index.ts';
import { sha256 } from '../../src/lib/index.ts';
import type { BuildInputs, PackageVersion } from '../../src/model/index.ts';
import { claim, enqueue, finishAttempt, leaseOf, recheck } from '../../src/queue/index.ts';
import { describeEngines } from '../databases.ts';
import { build, NOON } from './samples.ts';

const TARGET = 'fedora-43-x86_64';

/** Tries a build and has it publish a source package, or fail. */
async function tried(db: Db, name: string, ok: boolean, options?: Parameters<typeof build>[2]) {
  const made = await build(db, name, options);
  if (made.state === 'finished') await recheck(db, made.id, { actor: 'a', force: true, now: NOON });
  else await enqueue(db, made, { now: NOON });
  const attempt = await claim(db, { worker: 'w', now: NOON, leaseMs: 1, filter: { buildIds: [made.id] } });
  if (attempt === null) throw new Error('nothing to claim');
  const version = { epoch: null, version: name, release: `1.r${attempt.rebuild}`, base: name } satisfies PackageVersion;
  const inputs = { version } as BuildInputs;
  if (!ok) {
    await finishAttempt(
      db,
      leaseOf(attempt),
      { result: 'failure', reason: 'build_failed', detail: null, inputs },
      NOON,
    );
    return { made, version };
  }
  await finishAttempt(
    db,
    leaseOf(attempt),
    { result: 'success', reason: null, detail: null, snapshot: 's', inputs },
    NOON,
  );
  const fullName = `${made.project}-${name}-${version.release}.src`;
  const file = { name: made.project, fullName, fileName: `${fullName}.rpm`, arch: 'src', kind: 'source' as const };
  const digest = sha256(fullName);
  const stored = {
    target: made.target,
    buildId: made.id,
    attemptId: attempt.id,
    uploadId: null,
    size: 1,
    companions: [],
  };
  await insertPackages(db, [{ ...file, ...stored, sha256: digest, unsignedSha256: digest }], NOON);
  return { made, version };
}

describeEngines('what publishing asks', (fresh) => {
  const opened = async () => (await fresh()).open();

  it('is how every project stands on a target, with its newest source package', async () => {
    const db = await opened();
    await tried(db, '1', true);
    await tried(db, '1', true);
    const broken = await tried(db, '2', false);
    await build(db, '3');
    const lib = await tried(db, '1', true, { project: 'lib' });
    await tried(db, '1', true, { project: 'elsewhere', target: 'other' });
    expect(await latestBuilds(db, TARGET)).toMatchObject([
      { newest: { build: { id: lib.made.id } }, success: { build: { id: lib.made.id } }, sourcePackage: 'lib-1-1.r0' },
      { newest: { build: { id: broken.made.id } }, sourcePackage: 'tool-1-1.r1' },
    ]);
    expect(await isConsistent(db, TARGET, ['tool', 'lib'])).toBe(false);
    await tried(db, '4', true);
    expect(await isConsistent(db, TARGET, ['tool', 'lib'])).toBe(true);
    expect(await isConsistent(db, TARGET, ['tool', 'lib', 'never-built'])).toBe(false);
  });

  it('is what came before, in history order', async () => {
    const db = await opened();
    const first = await tried(db, '1', true);
    await tried(db, '2', false);
    const forced = await tried(db, '1', true);
    await tried(db, '1', false);
    const third = await requireRevision(db, (await build(db, '3')).revisionId);
    expect(await previousVersion(db, third, TARGET)).toEqual(forced.version);
    expect(await previousVersion(db, third, 'other')).toBeNull();
    expect(await previousVersion(db, await requireRevision(db, first.made.revisionId), TARGET)).toBeNull();
  });

  it('is who was first with a pair of commits, and what names are taken', async () => {
    const db = await opened();
    const { made } = await tried(db, '1', true);
    const { build: found, revision } = await requireBuildWithRevision(db, made.id);
    const pair = { upstream: revision.upstream.hash, distgit: revision.distgit.hash };
    expect(found.id).toBe(made.id);
    expect(await firstBuildOfPair(db, TARGET, pair)).toBe(made.id);
    expect(await firstBuildOfPair(db, 'other', pair)).toBeNull();
    const taken = await listPublishedDigests(db, TARGET, ['tool-1-1.r0.src', 'tool-9-1.src']);
    expect(taken).toEqual(new Map([['tool-1-1.r0.src', sha256('tool-1-1.r0.src')]]));
    expect(await listPublishedDigests(db, TARGET, [])).toEqual(new Map());
  });
});

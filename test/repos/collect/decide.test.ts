import { expect, test } from 'vitest';
import { sha256 } from '../../../src/lib/index.ts';
import {
  decidePackages,
  decideSnapshots,
  openTree,
  reachFrom,
  type ManifestPackage,
} from '../../../src/repos/index.ts';

const NOW = 1000;
const promised = (goesAt: number, told = 1) => ({ goesAt, told });

test('what nothing keeps is announced, and removed when its time has come', () => {
  const present = [
    { id: 'kept', announced: null },
    { id: 'taken up', announced: promised(NOW - 1) },
    { id: 'new', announced: null },
    { id: 'due', announced: promised(NOW) },
    { id: 'due later', announced: promised(NOW + 1) },
    { id: 'nobody told', announced: promised(NOW + 1, 0) },
  ];
  const kept = new Set(['kept', 'taken up']);
  expect(decideSnapshots(present, kept, { now: NOW, immediate: false })).toEqual({
    remove: ['due'],
    announce: ['new'],
    withdraw: ['taken up'],
    waiting: ['due later', 'nobody told'],
  });
  // At once, but never before the day that somebody was told.
  expect(decideSnapshots(present, kept, { now: NOW, immediate: true })).toEqual({
    remove: ['new', 'due', 'nobody told'],
    announce: [],
    withdraw: ['taken up'],
    waiting: ['due later'],
  });
});

test('packages go with the last snapshot that has them', () => {
  const present = ['kept', 'back', 'going', 'said', 'gone'].map((id) => ({
    ...{ id, announced: null },
    isAnnounced: ['back', 'said', 'gone'].includes(id),
  }));
  const sets = { keptBy: new Set(['kept', 'back']), remaining: new Set(['kept', 'back', 'going', 'said']) };
  expect(decidePackages(present, sets)).toEqual({ remove: ['gone'], announce: ['going'], withdraw: ['back'] });
});

test('all that snapshots consist of is reached, each node read once', async () => {
  const texts = new Map<string, string>();
  const reads: string[] = [];
  const store = {
    read: (hashes: readonly string[]) => {
      reads.push(...hashes);
      return Promise.resolve(
        new Map(hashes.flatMap((hash) => (texts.has(hash) ? [[hash, texts.get(hash) ?? '']] : []))),
      );
    },
    write: (nodes: ReadonlyMap<string, string>) => {
      for (const [hash, text] of nodes) texts.set(hash, text);
      return Promise.resolve();
    },
  };
  const tree = openTree(store);
  const packageOf = (project: string, version: number): ManifestPackage => {
    const fullName = `${project}-${version}`;
    const file = { fullName, name: project, kind: 'binary', arch: 'noarch', fileName: `${fullName}.rpm` } as const;
    return { project, sequence: version, ...file, sha256: sha256(fullName), size: 1 };
  };
  const roots: string[] = [];
  let root: string | null = null;
  for (let n = 0; n < 300; n += 1) {
    const project = `p${n % 100}`;
    root = await tree.replace(root, project, [packageOf(project, n)]);
    await tree.keep(root);
    roots.push(root);
  }
  reads.length = 0;
  const all = await reachFrom(store, roots);
  expect(all.packages.size).toBe(300);
  expect(all.packages.get(sha256('p7-207'))).toBe('p7');
  expect(all.nodes).toEqual(new Set(texts.keys()));
  expect(reads.length).toBe(texts.size);
  const last = await reachFrom(store, roots.slice(-1));
  expect([...last.packages.keys()].sort()).toEqual(
    (await tree.list(roots.at(-1) ?? '')).map((one) => one.sha256).sort(),
  );
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decompress } from '../../../lib/index.ts';
import type { LocalRepository } from '../../../model/index.ts';

/** A package of a snapshot: its name, and how dnf and `rpm -qa` write it out. */
export interface SnapshotPackage {
  name: string;
  /** With the epoch where there is one, as dnf takes it. */
  nevra: string;
  /** Without, as `rpm -qa` prints it. */
  nvra: string;
}

/** The binary packages of our snapshot, from its primary index (createrepo_c's form). An index of ours that cannot be read is dnf's to complain of. */
export async function readSnapshot(repository: LocalRepository): Promise<SnapshotPackage[]> {
  const repomd = await readFile(join(repository.path, 'repodata/repomd.xml'), 'utf8').catch(() => '');
  const href = /<data type="primary">[\s\S]*?<location href="(repodata\/[A-Za-z0-9._-]+)"/.exec(repomd)?.[1];
  if (href === undefined) return [];
  const content = await readFile(join(repository.path, href)).catch(() => Buffer.alloc(0));
  const primary = await unpack(href, content);
  return [...primary.matchAll(/<package type="rpm">([\s\S]*?)<format>/g)].flatMap(([, text = '']) => {
    const [, name = ''] = /<name>([A-Za-z0-9._+-]+)<\/name>/.exec(text) ?? [];
    const [, arch = ''] = /<arch>([A-Za-z0-9_]+)<\/arch>/.exec(text) ?? [];
    const [, epoch = '', version = '', release = ''] =
      /<version epoch="(\d+)" ver="([A-Za-z0-9._+~^]+)" rel="([A-Za-z0-9._+~^]+)"/.exec(text) ?? [];
    if (name === '' || arch === '' || arch === 'src' || release === '') return [];
    const rest = `${version}-${release}.${arch}`;
    return [{ name, nevra: `${name}-${epoch === '0' ? '' : `${epoch}:`}${rest}`, nvra: `${name}-${rest}` }];
  });
}

async function unpack(name: string, content: Buffer): Promise<string> {
  if (name.endsWith('.gz')) return (await decompress(content, 'gzip')).toString();
  if (name.endsWith('.zst')) return (await decompress(content, 'zstd')).toString();
  return name.endsWith('.xml') ? content.toString() : '';
}

/**
 * What of a snapshot is to replace packages that a prepared root has from the base, whose versions may be higher (DESIGN 11): dnf by itself leaves what
 * is there. `root`: the output of `rpm -qa`.
 */
export function replacements(snapshot: readonly SnapshotPackage[], root: readonly string[]): string[] {
  const there = new Map(root.map((nvra) => [nvra.replace(/-[^-]+-[^-]+$/, ''), nvra]));
  const newest = new Map(snapshot.map((entry) => [entry.name, entry]));
  return [...newest.values()]
    .filter(({ name, nvra }) => there.has(name) && there.get(name) !== nvra)
    .map(({ nevra }) => nevra);
}

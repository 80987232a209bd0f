import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { namesIn, TEMPORARY } from '../../lib/index.ts';
import { mirrorName } from '../../lib/git/index.ts';
import type { Settings } from '../../model/index.ts';

/** Of names that are begun to be removed; start-up finds them. */
const LEAVING = `${TEMPORARY}gone-`;

/**
 * Removes tarballs and git mirrors of projects that are not configured any more and that nobody used since `since` (milliseconds): a submodule's mirror
 * is in no configuration. Whatever is needed again is made again. Answers paths below the data directory, and this machine's local one.
 */
export async function collectCaches(
  settings: Settings,
  { since, dryRun }: { since: number; dryRun: boolean },
): Promise<string[]> {
  const unused = [...(await unusedMirrors(settings, since)), ...(await unusedTarballs(settings, since))];
  if (dryRun) return unused;
  const { dataDir, localDir } = settings;
  for (const top of [join(dataDir, 'git'), join(localDir, 'tarballs')])
    for (const name of await namesIn(top))
      if (name.startsWith(LEAVING)) await rm(join(top, name), { recursive: true, force: true });
  for (const path of unused) {
    const [top = '', ...rest] = path.split('/');
    const above = top === 'git' ? dataDir : localDir;
    const leaving = join(above, top, `${LEAVING}${rest.join('-')}`);
    await rename(join(above, path), leaving);
    await rm(leaving, { recursive: true, force: true });
  }
  return unused;
}

async function unusedMirrors({ dataDir, projects }: Settings, since: number): Promise<string[]> {
  const addresses = projects.flatMap(({ upstream, packaging }) => [upstream, ...Object.values(packaging)]);
  const configured = new Set(addresses.map(({ url }) => mirrorName(url)));
  const unused: string[] = [];
  for (const name of await namesIn(join(dataDir, 'git')))
    if (name.endsWith('.git') && !configured.has(name) && (await lastUsed(join(dataDir, 'git', name))) < since)
      unused.push(`git/${name}`);
  return unused;
}

/** `<aa>/<commit>/<project>-<16 digits>.tar.gz`. */
async function unusedTarballs({ localDir, projects }: Settings, since: number): Promise<string[]> {
  const configured = new Set(projects.map(({ name }) => name));
  const top = join(localDir, 'tarballs');
  const unused: string[] = [];
  for (const prefix of (await namesIn(top)).filter((name) => /^[0-9a-f]{2}$/.test(name)))
    for (const commit of await namesIn(join(top, prefix)))
      for (const file of await namesIn(join(top, prefix, commit))) {
        const project = /^(.+)-[0-9a-f]{16}\.tar\.gz$/.exec(file)?.[1];
        if (project === undefined || configured.has(project)) continue;
        const path = join(prefix, commit, file);
        if ((await stat(join(top, path))).mtimeMs < since) unused.push(`tarballs/${path}`);
      }
  return unused;
}

/** When something in a mirror was last changed: every fetch writes one of these. */
async function lastUsed(mirror: string): Promise<number> {
  const times = await Promise.all(
    ['.', 'FETCH_HEAD', 'packed-refs', 'objects', 'objects/pack', 'refs'].map((name) =>
      stat(join(mirror, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}

import { link, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from '../../../src/lib/index.ts';

/** A tool that keeps a repository, seen as ours is: all packages at first, then one replaced at a time. */
export interface Peer {
  name: string;
  /** Answers seconds. */
  first(paths: readonly string[]): Promise<number>;
  /** Answers seconds. */
  replace(old: string, fresh: string): Promise<number>;
}

/** Debian's packages of the peers that no test needs. */
const PACKAGES = { reprepro: '/usr/bin/reprepro', aptly: '/usr/bin/aptly' } as const;

/** Installs the peers that are missing, and says so. */
export async function installPeers(progress: (message: string) => void): Promise<void> {
  const missing: string[] = [];
  for (const [name, program] of Object.entries(PACKAGES))
    if ((await stat(program).catch(() => undefined)) === undefined) missing.push(name);
  if (missing.length === 0) return;
  progress(`installing the peers ${missing.join(', ')}`);
  await run(['apt-get', '-o', 'DPkg::Lock::Timeout=300', '-y', '-q', '--no-install-recommends', 'install', ...missing]);
}

export function createrepoPeer(directory: string, options: readonly string[] = ['--no-database']): Peer {
  const command = ['createrepo_c', '--quiet', ...options] as const;
  return {
    name: `createrepo_c --update ${options.join(' ')}`.trim(),
    first: async (paths) => {
      await fill(directory, paths);
      return (await run([...command, directory])).seconds;
    },
    replace: async (old, fresh) => {
      await exchange(directory, old, fresh);
      return (await run([...command, '--update', directory])).seconds;
    },
  };
}

/** The index with its cache of packages, compressed, and Release: what has to be run after each change. */
export function ftparchivePeer(directory: string): Peer {
  const pool = join(directory, 'pool');
  const index = async () => {
    const script =
      'mkdir -p dists/t && apt-ftparchive --db cache.db -o APT::FTPArchive::SHA512=false packages pool >dists/t/Packages &&' +
      ' gzip -c dists/t/Packages >dists/t/Packages.gz && apt-ftparchive release dists/t >Release && mv Release dists/t';
    return (await run(['/bin/sh', '-c', script], { cwd: directory })).seconds;
  };
  return {
    name: 'apt-ftparchive with its cache',
    first: async (paths) => {
      await fill(pool, paths);
      return index();
    },
    replace: async (old, fresh) => {
      await exchange(pool, old, fresh);
      return index();
    },
  };
}

export function repreproPeer(directory: string): Peer {
  const add = async (paths: readonly string[]) => {
    let seconds = 0;
    for (let start = 0; start < paths.length; start += 500)
      seconds += (
        await run(['reprepro', '--silent', '-b', directory, 'includedeb', 'trunk', ...paths.slice(start, start + 500)])
      ).seconds;
    return seconds;
  };
  return {
    name: 'reprepro includedeb',
    first: async (paths) => {
      await rm(directory, { recursive: true, force: true });
      await mkdir(join(directory, 'conf'), { recursive: true });
      await writeFile(
        join(directory, 'conf/distributions'),
        'Codename: trunk\nArchitectures: amd64\nComponents: main\nDebIndices: Packages Release . .gz\n',
      );
      return add(paths);
    },
    replace: (_old, fresh) => add([fresh]),
  };
}

export function aptlyPeer(directory: string): Peer {
  const config = join(directory, 'aptly.json');
  const aptly = async (...args: string[]) => (await run(['aptly', `-config=${config}`, ...args])).seconds;
  return {
    name: 'aptly repo add, publish update',
    first: async (paths) => {
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory, { recursive: true });
      await writeFile(config, JSON.stringify({ rootDir: join(directory, 'root'), architectures: ['amd64'] }));
      let seconds = await aptly('repo', 'create', '-distribution=trunk', 'bench');
      for (let start = 0; start < paths.length; start += 500)
        seconds += await aptly('repo', 'add', 'bench', ...paths.slice(start, start + 500));
      return seconds + (await aptly('publish', 'repo', '-skip-signing', '-skip-contents', 'bench'));
    },
    replace: async (old, fresh) => {
      const seconds = await aptly('repo', 'remove', 'bench', basename(old, '.deb'));
      return (
        seconds +
        (await aptly('repo', 'add', 'bench', fresh)) +
        (await aptly('publish', 'update', '-skip-signing', '-skip-contents', 'trunk'))
      );
    },
  };
}

async function fill(directory: string, paths: readonly string[]): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  for (const path of paths) await link(path, join(directory, basename(path)));
}

async function exchange(directory: string, old: string, fresh: string): Promise<void> {
  await rm(join(directory, basename(old)), { force: true });
  await link(fresh, join(directory, basename(fresh)));
}

/** Bytes of the compressed primary, filelists and other in a directory of index files. */
export async function indexBytes(repodata: string): Promise<number> {
  const names = (await readdir(repodata)).filter((name) => /(primary|filelists|other)\.xml\./.test(name));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(repodata, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

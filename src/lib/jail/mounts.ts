import { chmod, chown, lchown, lstat, mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, TrunklineError } from '../errors.ts';
import type { Holder } from './holder.ts';
import { fillHostMask } from './host-mask.ts';
import { shiftedOwner } from './owner.ts';
import { hostSource, type HostSource } from './sources.ts';

/** The mounts of one jail by number. Inside the jail's namespaces their paths begin with /jail. */
export interface Mounts {
  overlay(lowers: readonly string[]): Promise<number>;
  tree(directory: string): Promise<number>;
  host(): Promise<number>;
  /** Makes a host path visible. Answers its path below /jail. `owner`: the host id that a writable one, and what root owns in it, is given to. */
  bind(path: string, owner: number | undefined): Promise<string>;
}

/** Where a root's mount is in the holder's namespace. */
export function rootPath(number: number): string {
  return `/jail/disk/${String(number)}/m`;
}

export function createMounts(holder: Holder): Mounts {
  const roots = { next: 0 };
  const binds = new Map<string, Promise<number>>();
  let mask: Promise<void> | undefined;
  const newRoot = async () => {
    const number = roots.next++;
    const directory = join(holder.directory, 'disk', String(number));
    await mkdir(join(directory, 'm'), { recursive: true });
    return { number, directory };
  };
  return {
    overlay: async (lowers) => {
      const { number, directory } = await newRoot();
      await mountOverlay(holder, number, directory, lowers);
      return number;
    },
    tree: async (path) => {
      const source = await hostSource(path);
      if (source.uid === 0) await lchown(source.path, shiftedOwner, shiftedOwner);
      const { number, directory } = await newRoot();
      await symlink(hostPath(source), join(directory, 'from'));
      await holder.ask(`tree ${String(number)}`);
      await makeMountPoints(join(directory, 'm'));
      return number;
    },
    host: async () => {
      const { number, directory } = await newRoot();
      mask ??= makeMask(holder);
      await mask;
      await makeUpper(directory);
      await mountHost(holder, number, directory);
      return number;
    },
    bind: async (path, owner) => {
      const source = await hostSource(path);
      let bound = binds.get(source.identity);
      if (bound === undefined) {
        bound = mountBind(holder, binds.size, source);
        binds.set(source.identity, bound);
      }
      const number = await bound;
      if (owner !== undefined) await give(holder, number, owner);
      return `/jail/bind/${String(number)}`;
    },
  };
}

async function mountOverlay(
  holder: Holder,
  number: number,
  directory: string,
  lowers: readonly string[],
): Promise<void> {
  await makeUpper(directory);
  // Short names of our own instead of paths, which may hold the option string's separators and are many.
  const names: string[] = [];
  for (const lower of lowers) {
    const name = `l${String(names.length)}`;
    await symlink(hostPath(await hostSource(lower)), join(directory, name));
    names.push(name);
  }
  await holder.ask(`overlay ${String(number)} ${names.length === 0 ? '../../none' : names.join(':')}`);
  await makeMountPoints(join(directory, 'm'));
}

async function makeUpper(directory: string): Promise<void> {
  await mkdir(join(directory, 'w'));
  await mkdir(join(directory, 'u'));
  await chmod(join(directory, 'u'), 0o755);
  await chown(join(directory, 'u'), shiftedOwner, shiftedOwner);
}

async function makeMask(holder: Holder): Promise<void> {
  const directory = join(holder.directory, 'host');
  await mkdir(directory);
  await holder.ask('whiteout');
  await fillHostMask(directory, join(directory, 'whiteout'));
}

/** @throws TrunklineError `unsupported` where owners cannot be mapped, or /usr, /etc or /var lie in file systems of their own. */
async function mountHost(holder: Holder, number: number, directory: string): Promise<void> {
  const hint = 'prepare a root for the target instead: trunkline target prepare';
  const device = (await stat('/')).dev;
  for (const path of ['/usr', '/etc', '/var/lib'])
    if ((await stat(path)).dev !== device)
      throw new TrunklineError(
        'unsupported',
        `This machine's root cannot be a build root: ${path} is a file system of its own`,
        { hint },
      );
  await holder.ask(`host ${String(number)}`).catch((cause: unknown) => {
    throw new TrunklineError('unsupported', `This machine's root cannot be a build root: ${describeError(cause)}`, {
      hint,
      cause,
    });
  });
  const { uid } = await stat(join(directory, 'm/usr'));
  if (uid !== shiftedOwner)
    throw new TrunklineError('unsupported', 'This machine cannot map the owners of its root', { hint });
}

/** What bubblewrap mounts on in every root; made here because it would make them as the user of the first run. */
async function makeMountPoints(root: string): Promise<void> {
  for (const [name, mode] of [
    ['dev', 0o755],
    ['proc', 0o555],
    ['sys', 0o555],
    ['tmp', 0o1777],
  ] as const) {
    const path = join(root, name);
    const found = await lstat(path).catch(() => undefined);
    if (found !== undefined) continue;
    await mkdir(path);
    await chmod(path, mode);
    await lchown(path, shiftedOwner, shiftedOwner);
  }
}

async function mountBind(holder: Holder, number: number, source: HostSource): Promise<number> {
  const target = join(holder.directory, 'bind', String(number));
  if (source.isDirectory) await mkdir(target);
  else await writeFile(target, '');
  await symlink(hostPath(source), `${target}.from`);
  await holder.ask(`bind ${String(number)}`);
  return number;
}

async function give(holder: Holder, number: number, owner: number): Promise<void> {
  await holder.ask(`own ${String(number)} ${String(owner)}`);
  await chown(join(holder.directory, 'bind', String(number)), owner, owner);
}

/** A path of this machine as the holder sees it. */
function hostPath(source: HostSource): string {
  return `/h/host${source.path}`;
}

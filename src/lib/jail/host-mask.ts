import { chmod, lchown, link, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OWNERS, shiftedOwner } from './owner.ts';

/** Of the machine's root directory, what a host root shows. */
const SHOWN = ['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'etc', 'var'];
/** Of /var/lib: the package databases and the registries that maintainer scripts keep beside them. */
const SHOWN_STATE = [
  'alternatives',
  'dictionaries-common',
  'dpkg',
  'emacsen-common',
  'pam',
  'rpm',
  'sgml-base',
  'ucf',
  'xml-core',
];
/** Never shown, whatever their modes are. */
const SECRET = [
  'etc/trunkline',
  'etc/ssh',
  'etc/ssl/private',
  'etc/pki/tls/private',
  'etc/apt/auth.conf',
  'etc/apt/auth.conf.d',
];
/** Empty directories that programs expect, with their modes. */
const FRESH: readonly (readonly [string, number])[] = [
  ...['boot', 'dev', 'home', 'media', 'mnt', 'opt', 'proc', 'run', 'run/lock', 'srv', 'sys'].map(
    (name) => [name, 0o755] as const,
  ),
  ['root', 0o700],
  ['tmp', 0o1777],
  ['usr/local', 0o755],
  ...['bin', 'etc', 'include', 'lib', 'sbin', 'share', 'src'].map((name) => [`usr/local/${name}`, 0o755] as const),
  ['var/tmp', 0o1777],
  ...['cache', 'local', 'log', 'mail', 'opt', 'spool'].map((name) => [`var/${name}`, 0o755] as const),
  ...['apt', 'apt/archives', 'apt/archives/partial', 'debconf'].map((name) => [`var/cache/${name}`, 0o755] as const),
  ['var/log/apt', 0o755],
  ...['apt', 'apt/lists', 'apt/lists/partial', 'misc', 'systemd'].map((name) => [`var/lib/${name}`, 0o755] as const),
];

/**
 * Fills two layers that, above this machine's root directory, leave of it the programs, of /etc what every user of the machine may read, and the
 * package databases: `gone` with whiteouts for all else, and above it `top` with empty directories in their place.
 * `whiteout` is a whiteout's path in the same file system.
 */
export async function fillHostMask(directory: string, whiteout: string): Promise<void> {
  const top = join(directory, 'top');
  const gone = join(directory, 'gone');
  for (const layer of [top, gone]) await makeLikeHost(layer, '');
  const hide = async (path: string) => {
    await makeLikeHost(gone, dirname(path));
    await link(whiteout, join(gone, path));
  };
  for (const path of await hiddenPaths()) await hide(path);
  for (const [path, mode] of FRESH) {
    await makeLikeHost(top, dirname(path));
    await mkdir(join(top, path), { recursive: true });
    await give(join(top, path), mode);
  }
  await linkTo(top, 'var/run', '/run');
  await linkTo(top, 'var/lock', '/run/lock');
  await writeAccounts(top);
}

async function hiddenPaths(): Promise<string[]> {
  const hidden = [
    ...(await namesIn('', SHOWN)),
    ...(await namesIn('var', ['lib'])),
    ...(await namesIn('var/lib', SHOWN_STATE)),
    'usr/local',
    ...(await closedIn('etc')),
  ];
  return [...new Set(hidden)];
}

async function namesIn(path: string, except: readonly string[]): Promise<string[]> {
  const names = await readdir(join('/', path));
  return names.filter((name) => !except.includes(name)).map((name) => join(path, name));
}

/** What lies below a directory and is closed to some user of the machine, or secret by name; nothing below such a directory. */
async function closedIn(path: string): Promise<string[]> {
  const closed: string[] = [];
  for (const entry of await readdir(join('/', path), { withFileTypes: true })) {
    const inner = join(path, entry.name);
    const found = entry.isSymbolicLink() ? undefined : await lstat(join('/', inner)).catch(() => undefined);
    const needed = entry.isDirectory() ? 0o5 : 0o4;
    if (SECRET.includes(inner) || (found !== undefined && (found.mode & needed) !== needed)) closed.push(inner);
    else if (entry.isDirectory()) closed.push(...(await closedIn(inner)));
  }
  return closed;
}

/** Makes a directory of a layer, and its parents, with the mode and owner that the machine's has: the topmost layer's are what is seen. */
async function makeLikeHost(layer: string, path: string): Promise<void> {
  const relative = path === '.' ? '' : path;
  const inside = join(layer, relative);
  if (await lstat(inside).catch(() => undefined)) return;
  if (relative !== '') await makeLikeHost(layer, dirname(relative));
  await mkdir(inside, { recursive: true });
  const host = await stat(join('/', relative)).catch(() => undefined);
  await give(inside, (host?.mode ?? 0o755) & 0o7777, host?.uid, host?.gid);
}

async function give(path: string, mode: number, uid = 0, gid = 0): Promise<void> {
  await lchown(path, shiftedOwner + (uid < OWNERS ? uid : 0), shiftedOwner + (gid < OWNERS ? gid : 0));
  await chmod(path, mode);
}

async function linkTo(layer: string, path: string, target: string): Promise<void> {
  await symlink(target, join(layer, path));
  await lchown(join(layer, path), shiftedOwner, shiftedOwner);
}

/** /etc/shadow and /etc/gshadow without a password in them, which useradd and groupadd want to find. */
async function writeAccounts(top: string): Promise<void> {
  await makeLikeHost(top, 'etc');
  for (const [names, file, rest] of [
    ['passwd', 'shadow', '*:19000:0:99999:7:::'],
    ['group', 'gshadow', '*::'],
  ] as const) {
    const known = (await readFile(join('/etc', names), 'utf8')).split('\n').filter((line) => line.includes(':'));
    const path = join(top, 'etc', file);
    await writeFile(path, known.map((line) => `${line.split(':')[0] ?? ''}:${rest}\n`).join(''));
    await give(path, 0o600);
  }
}

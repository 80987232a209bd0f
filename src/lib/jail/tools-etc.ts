import { createHash } from 'node:crypto';
import { chmod, cp, lstat, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryBeside } from '../files.ts';
import { run } from '../run.ts';
import { BUILDER, shiftedOwner } from './owner.ts';

/** Where the mount point of the keepers and the copies of /etc lie; root's, and gone at the next boot. */
export const STATE_DIRECTORY = '/run/trunkline';

/** What of this machine's /etc the tools need. Nothing here may hold a secret: no apt.conf.d or dnf.conf (proxies), no private keys. */
const COPIED = [
  'alternatives',
  'ca-certificates.conf',
  'crypto-policies',
  'debian_version',
  'dnf/protected.d',
  'dpkg',
  'fedora-release',
  'fonts',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'login.defs',
  'lsb-release',
  'magic',
  'magic.mime',
  'mime.types',
  'os-release',
  'perl',
  'pki/ca-trust',
  'pki/rpm-gpg',
  'pki/tls/cert.pem',
  'pki/tls/certs',
  'pki/tls/openssl.cnf',
  'protocols',
  'redhat-release',
  'rpm',
  'services',
  'sgml',
  'ssl/certs',
  'ssl/openssl.cnf',
  'system-release',
  'terminfo',
  'timezone',
  'xml',
];
/** Further ones whose names carry a version. */
const COPIED_VERSIONED = /^(python|java-|jvm)[\d.]/;
const EMPTY_DIRECTORIES = [
  'apt/apt.conf.d',
  'apt/preferences.d',
  'apt/sources.list.d',
  'apt/trusted.gpg.d',
  'dnf/modules.d',
  'dnf/vars',
  'rpm',
  'yum.repos.d',
];
const WRITTEN: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0:root:/tmp/home:/bin/sh\n_apt:x:100:65534::/nonexistent:/usr/sbin/nologin\nbuilder:x:${String(BUILDER)}:${String(BUILDER)}::/tmp/home:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n`,
  group: `root:x:0:\nadm:x:4:\ntty:x:5:\nutmp:x:43:\nstaff:x:50:\nbuilder:x:${String(BUILDER)}:\nnogroup:x:65534:\n`,
  'nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n',
  hosts: '127.0.0.1 localhost\n::1 localhost\n',
  hostname: 'localhost\n',
  'resolv.conf': '',
  fstab: '',
  'dnf/dnf.conf': '[main]\n',
  // A root inside has the jail's /proc: rpm would fail to change the owner of it when it installs the package that has the directory.
  'rpm/macros.jail': '%_netsharedpath /proc:/sys\n',
};
const VERSION = '2';

let made: Promise<string> | undefined;

/** A minimal /etc on disk, for the root `tools`: made once for each state of this machine's own. Answers its path. */
export function toolsEtc(): Promise<string> {
  made ??= makeToolsEtc().catch((error: unknown) => {
    made = undefined;
    throw error;
  });
  return made;
}

async function makeToolsEtc(): Promise<string> {
  const names = [...COPIED, ...(await readdir('/etc')).filter((name) => COPIED_VERSIONED.test(name)).sort()];
  const path = join(STATE_DIRECTORY, `etc-${await stateOfEtc(names)}`);
  if (await exists(path)) return path;
  await mkdir(STATE_DIRECTORY, { recursive: true, mode: 0o755 });
  const temporary = temporaryBeside(path);
  try {
    await fill(temporary, names);
    await run(['/bin/chown', '-hR', `${String(shiftedOwner)}:${String(shiftedOwner)}`, temporary]);
    // ENOTEMPTY: another process of ours was first.
    await rename(temporary, path).catch(() => undefined);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return path;
}

async function fill(directory: string, names: readonly string[]): Promise<void> {
  await mkdir(directory);
  await chmod(directory, 0o755);
  for (const name of names) {
    const source = join('/etc', name);
    if (!(await exists(source))) continue;
    await mkdir(join(directory, dirname(name)), { recursive: true });
    await cp(source, join(directory, name), { recursive: true, verbatimSymlinks: true });
  }
  for (const name of EMPTY_DIRECTORIES) await mkdir(join(directory, name), { recursive: true });
  for (const [name, content] of Object.entries(WRITTEN)) await writeFile(join(directory, name), content);
}

async function stateOfEtc(names: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([VERSION, WRITTEN, shiftedOwner]));
  for (const name of names) {
    const found = await stat(join('/etc', name)).catch(() => undefined);
    hash.update(`${name} ${String(found?.ino)} ${String(found?.mtimeMs)} ${String(found?.size)}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

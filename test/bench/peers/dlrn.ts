import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../../src/lib/index.ts';
import { BENCH } from '../deployment.ts';
import type { SampleProject } from '../samples.ts';

const SCRIPT = fileURLToPath(new URL('dlrn.sh', import.meta.url));

/** Has DLRN build what is new. Answers the seconds it took. */
export type Dlrn = () => Promise<number>;

/**
 * DLRN from its source trees, with one project and mock as DLRN's own configurations have it; or why it cannot be had here. `TRUNKLINE_DLRN` names the
 * directories to import from, as PYTHONPATH does: softwarefactory-project/DLRN first, then what Debian has not: softwarefactory-project/distroinfo and
 * rdopkg, openstack/pymod2pkg and renderspec. The rest is Debian's: python3-sqlalchemy, -alembic, -sh, -pymysql, -pbr, -six, -jinja2, -requests.
 */
export async function openDlrn(base: string, project: SampleProject): Promise<{ start: Dlrn } | { missing: string }> {
  const path = process.env.TRUNKLINE_DLRN ?? '';
  const [tree = ''] = path.split(delimiter);
  if (tree === '') return { missing: 'TRUNKLINE_DLRN does not say where its source is' };
  const user = await mockUser();
  if (user === null) return { missing: 'no account but root is in the group mock' };
  const home = join(BENCH, 'dlrn');
  await layOut(home, user, base, project, join(tree, 'scripts'));
  const command = ['unshare', '--mount', '--propagation', 'private', 'sh', SCRIPT] as const;
  const args = [join(home, 'places'), user, 'mock', home, path];
  const dlrn = ['--config-file', join(home, 'projects.ini'), '--info-repo', join(home, 'info'), '--sequential'];
  const trial = await run([...command, ...args, '--version'], { okExitCodes: [0, 1] });
  if (trial.exitCode !== 0) return { missing: `it does not start: ${trial.stderr.trim().split('\n').at(-1) ?? ''}` };
  const start = async () => {
    const { seconds } = await run([...command, ...args, ...dlrn], { timeout: 1_800_000 });
    return seconds;
  };
  return { start };
}

async function mockUser(): Promise<string | null> {
  const { stdout } = await run(['getent', 'group', 'mock'], { okExitCodes: [0, 2] });
  const [, , gid, members = ''] = stdout.trim().split(':');
  const accounts = (await run(['getent', 'passwd'])).stdout.split('\n').map((line) => line.split(':'));
  const names = members.split(',');
  const found = accounts.find(([name = '', , uid, own]) => uid !== '0' && (own === gid || names.includes(name)));
  return found?.[0] ?? null;
}

async function layOut(
  home: string,
  user: string,
  base: string,
  project: SampleProject,
  scripts: string,
): Promise<void> {
  for (const name of ['data', 'info', 'places', 'commits.sqlite'])
    await rm(join(home, name), { recursive: true, force: true });
  for (const name of ['data', 'info', 'config', 'mock', 'mock-cache', 'cache', 'places/bin', 'places/macros'])
    await mkdir(join(home, name), { recursive: true });
  const files = {
    'projects.ini': projectsIni(home, scripts),
    'info/rdo.yml': distroInfo(project),
    'config/bench.cfg': mockConfiguration(home, base),
    '.gitconfig': '[safe]\n\tdirectory = *\n[user]\n\tname = bench\n\temail = bench@downstream.example\n',
    'places/macros/macros.bench': '%_dbpath /var/lib/rpm\n',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(home, name), content);
  const mock = (
    await run(['sh', '-c', 'command -v "${TRUNKLINE_MOCK:-mock}"'], { env: mockEnvironment() })
  ).stdout.trim();
  const programs = {
    mock: `#!/bin/sh\nexec ${mock} "$@"\n`,
    spectool: '#!/bin/sh\n# The one source is made by DLRN itself.\n',
  };
  for (const [name, script] of Object.entries(programs))
    if (!(await access(join('/usr/bin', name)).then(yes, no)))
      await writeFile(join(home, 'places/bin', name), script, { mode: 0o755 });
  await run(['chown', '-R', `${user}:mock`, home]);
}

function mockEnvironment(): Record<string, string> {
  const { TRUNKLINE_MOCK: mock } = process.env;
  return mock === undefined ? {} : { TRUNKLINE_MOCK: mock };
}

function projectsIni(home: string, scripts: string): string {
  const values = {
    datadir: join(home, 'data'),
    scriptsdir: scripts,
    configdir: join(home, 'config'),
    baseurl: `file://${home}/data/repos`,
    distro: 'main',
    source: 'main',
    target: 'bench',
    reponame: 'delorean',
    project_name: 'Bench',
    maxretries: '1',
    pkginfo_driver: 'dlrn.drivers.rdoinfo.RdoInfoDriver',
    build_driver: 'dlrn.drivers.mockdriver.MockBuildDriver',
    workers: '1',
    database_connection: `sqlite:///${home}/commits.sqlite`,
    templatedir: join(scripts, '../dlrn/templates'),
  };
  const lines = Object.entries(values).map(([key, value]) => `${key}=${value}\n`);
  return `[DEFAULT]\n${lines.join('')}[rdoinfo_driver]\ncache_dir=${home}/cache\n[mockbuild_driver]\ninstall_after_build=1\n`;
}

function distroInfo(project: SampleProject): string {
  return `releases: []
packages:
- name: ${project.name}
  project: ${project.name}
  upstream: ${project.upstream}
  master-distgit: ${project.packaging}
  distgit: ${project.packaging}
  distgit-path: rpm
  maintainers:
  - packagers@downstream.example
`;
}

/** The form of DLRN's own ones, for our base repository; DLRN adds repositories before the last line. */
function mockConfiguration(home: string, base: string): string {
  return `config_opts['root'] = 'dlrn-bench'
config_opts['basedir'] = '${home}/mock'
config_opts['cache_topdir'] = '${home}/mock-cache'
config_opts['target_arch'] = 'x86_64'
config_opts['legal_host_arches'] = ('x86_64',)
config_opts['chroot_setup_cmd'] = 'install basesystem buildsys-build git'
config_opts['dist'] = 'bench'
config_opts['releasever'] = '12'
config_opts['plugin_conf']['ccache_enable'] = False
config_opts['package_manager'] = 'dnf'
config_opts['isolation'] = 'simple'
config_opts['use_nspawn'] = False
config_opts['use_bootstrap'] = False
config_opts['dnf_warning'] = False
config_opts['dnf.conf'] = """
[main]
keepcache=1
debuglevel=2
reposdir=/dev/null
retries=20
obsoletes=1
gpgcheck=0
assumeyes=1
best=0
install_weak_deps=0
protected_packages=

[base]
name=base
baseurl=file://${base}
"""
`;
}

const yes = () => true;
const no = () => false;

import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLines, ProcessError, run, TrunklineError } from '../../src/lib/index.ts';
import type { DebianTree } from './debian-tree.ts';
import { assignOwners } from './ownership.ts';
import { writeMacros } from './rpm-macros.ts';
import { specOf } from './rpm-spec.ts';

/** What an RPM distribution's root has no use for, or what is made anew in each root. */
const DROPPED = [
  ...['boot', 'dev', 'proc', 'sys', 'run', 'tmp', 'media', 'mnt', 'opt', 'srv', 'home', 'etc/ld.so.cache', 'etc/apt'],
  ...[
    'var/lib/dpkg',
    'var/lib/apt',
    'var/lib/pam',
    'var/cache',
    'var/log',
    'var/backups',
    'etc/hostname',
    'etc/resolv.conf',
  ],
  ...['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/info', 'usr/share/lintian', 'etc/machine-id'],
];

/**
 * Packs the tree as RPMs in `directory`, one per Debian package, with the metadata dnf reads. The tree is used up.
 * @throws TrunklineError with the end of rpmbuild's words.
 */
export async function makeRpmRepository(tree: DebianTree, directory: string, work: string): Promise<void> {
  for (const path of DROPPED) await rm(join(tree.root, path), { recursive: true, force: true });
  const macros = await writeMacros(tree.root);
  const ownership = await assignOwners(tree);
  await mkdir(work, { recursive: true });
  const spec = join(work, 'debian-as-rpm.spec');
  await writeFile(spec, specOf(tree, ownership, macros));
  await rpmbuild(spec, work);
  await mkdir(join(directory, 'packages'), { recursive: true });
  for (const arch of await readdir(join(work, 'RPMS')))
    for (const name of await readdir(join(work, 'RPMS', arch)))
      await rename(join(work, 'RPMS', arch, name), join(directory, 'packages', name));
  await run(['createrepo_c', '--quiet', '--workers=2', directory]);
}

async function rpmbuild(spec: string, work: string): Promise<void> {
  const defines = [
    `_topdir ${work}`,
    '_dbpath %{_topdir}/rpmdb',
    'debug_package %{nil}',
    '_build_id_links none',
    '__spec_install_post %{nil}',
    '_binary_payload w1T2.zstdio',
    '_binaries_in_noarch_packages_terminate_build 0',
    '_unpackaged_files_terminate_build 1',
  ].flatMap((define) => ['--define', define]);
  try {
    await run(['rpmbuild', '-bb', '--quiet', '--nodeps', ...defines, spec], { env: { HOME: work } });
  } catch (error) {
    if (!(error instanceof ProcessError)) throw error;
    throw new TrunklineError(
      'process_failed',
      `rpmbuild: ${lastLines(error.stderr.replaceAll(/^(rpmbuild: )?warning: .*\n/gm, ''), 15)}`,
      {
        where: spec,
        cause: error,
      },
    );
  }
}

import type { OwnArchive } from '../own-archive.ts';
import { BUILDROOT_MARK } from './log.ts';
import { WORK } from './namespace.ts';

/** The command that lists the build root: run inside the chroot, when the build requirements are there and nothing of the package has run. */
export const LIST_BUILDROOT = `dpkg-query -W -f '${BUILDROOT_MARK}\${Package}_\${Version}_\${Architecture}\\n'`;

/**
 * sbuild's configuration for one build, a Perl program (sbuild.conf(5)): the tools we run ourselves or not at all are switched off, our snapshot (`ours`) is
 * a further repository, and `directories` are bound into the chroot from /mnt/0, /mnt/1… to where they are on this machine.
 */
export function sbuildConfiguration(ours: OwnArchive | null, directories: readonly string[]): string {
  const binds = directories.map((path, number) => `{ directory => '/mnt/${number}', mountpoint => ${perl(path)} }`);
  const settings: Record<string, string> = {
    chroot_mode: perl('unshare'),
    unshare_tmpdir_template: perl(`${WORK}/chroot.XXXXXXXXXX`),
    unshare_bind_mounts: `[ ${binds.join(', ')} ]`,
    extra_repositories: ours === null ? '[]' : `[ ${perl(ours.line)} ]`,
    nolog: '1',
    log_colour: '0',
    apt_update: '1',
    apt_upgrade: '0',
    // Brings what the tarball has of the base to our version of it, up or down (DESIGN 11).
    apt_distupgrade: ours === null ? '0' : '1',
    apt_clean: '0',
    clean_source: '0',
    build_source: '0',
    build_arch_all: '1',
    // apt says what is not installable; dose3 would need the network to be installed.
    bd_uninstallable_explainer: perl(''),
    run_lintian: '0',
    run_piuparts: '0',
    run_autopkgtest: '0',
    // The chroot is thrown away as a whole.
    purge_build_deps: perl('never'),
    purge_build_directory: perl('never'),
    // Ours is the clock.
    stalled_pkg_timeout: '0',
  };
  return [...Object.entries(settings).map(([name, value]) => `$${name} = ${value};`), '1;', ''].join('\n');
}

/** A string literal of Perl. */
export function perl(value: string): string {
  return `'${value.replace(/[\\']/g, '\\$&')}'`;
}

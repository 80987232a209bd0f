import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openJail } from '../../../src/lib/jail/index.ts';
import { run } from '../../../src/lib/index.ts';
import { createDebFormat } from '../../../src/drivers/formats/deb/index.ts';
import { createRpmFormat } from '../../../src/drivers/formats/rpm/index.ts';

/** Both formats with real jails. */
export const rpm = createRpmFormat({ openJail });
export const deb = createDebFormat({ openJail });

/** A directory of a test's own, that the jail's user may enter. */
export async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-repos-'));
  await run(['chmod', '755', directory]);
  return directory;
}

export interface RpmSample {
  name: string;
  version?: string;
  release?: string;
  epoch?: number;
  /** Further lines of the preamble. */
  preamble?: string;
  /** `%prep` to `%changelog`, besides the one file that every sample installs. */
  rest?: string;
  content?: string;
}

/** Builds a noarch RPM and its SRPM with rpmbuild; answers [binary, source]. */
export async function buildRpm(directory: string, sample: RpmSample): Promise<[string, string]> {
  const { name, version = '1.0', release = '1', epoch } = sample;
  const top = await mkdtemp(join(directory, 'rpmbuild-'));
  const spec = `
Name: ${name}
Version: ${version}
Release: ${release}
${epoch === undefined ? '' : `Epoch: ${String(epoch)}`}
Summary: The sample ${name}
License: MIT
BuildArch: noarch
${sample.preamble ?? ''}
%description
A sample with <odd> & "usual" letters, </description></package><location href="/evil"/>
<package type="rpm"> and ]]> in it.
%install
mkdir -p %{buildroot}/usr/share/${name} "%{buildroot}/usr/share/${name}/odd & <name>"
echo '${sample.content ?? version}' > %{buildroot}/usr/share/${name}/version
${sample.rest ?? ''}
%files
/usr/share/${name}
%changelog
* Mon Jan 01 2024 A Packager <packager@example.org> - 1
- a line with <odd> & "usual" letters
`;
  await writeFile(join(top, `${name}.spec`), spec);
  const settings = ['_topdir', '_dbpath'].flatMap((macro) => ['--define', `${macro} ${top}`]);
  await run(['rpmbuild', '-ba', '--quiet', ...settings, join(top, `${name}.spec`)]);
  const file = `${name}-${version}-${release}`;
  return [join(top, 'RPMS', 'noarch', `${file}.noarch.rpm`), join(top, 'SRPMS', `${file}.src.rpm`)];
}

/** Builds a deb from control text, `Architecture: all` unless it says otherwise; dpkg's own checks of the text can be left out. */
export async function buildDeb(
  directory: string,
  control: string,
  options: { file?: string; nocheck?: boolean; share?: string } = {},
) {
  const top = await mkdtemp(join(directory, 'deb-'));
  await mkdir(join(top, 'DEBIAN'));
  const share = join(top, 'usr/share', options.share ?? 'sample');
  await mkdir(share, { recursive: true });
  await writeFile(join(share, 'control'), control);
  await writeFile(join(top, 'DEBIAN/control'), control);
  const path = join(directory, options.file ?? `${top.split('-').at(-1) ?? ''}.deb`);
  await run(['dpkg-deb', '--root-owner-group', ...(options.nocheck ? ['--nocheck'] : []), '--build', top, path]);
  await rm(top, { recursive: true });
  return path;
}

/** Control text of a small package. */
export function controlOf(name: string, version: string, more = ''): string {
  return `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: A <a@example.org>\n${more}Description: The sample ${name}\n`;
}

/** Builds a source package `name_version.dsc` (3.0 quilt) with dpkg-source; answers the dsc's path. */
export async function buildDsc(
  directory: string,
  name: string,
  upstream: string,
  revision = '1',
  section = 'misc',
): Promise<string> {
  const top = await mkdtemp(join(directory, 'dsc-'));
  const tree = join(top, `${name}-${upstream}`);
  await mkdir(join(tree, 'debian/source'), { recursive: true });
  await writeFile(join(tree, 'README'), `${name} ${upstream}\n`);
  await run([
    'tar',
    'czf',
    join(top, `${name}_${upstream}.orig.tar.gz`),
    '--exclude=debian',
    '-C',
    top,
    `${name}-${upstream}`,
  ]);
  const files = {
    'debian/source/format': '3.0 (quilt)\n',
    'debian/control': `Source: ${name}\nMaintainer: A <a@example.org>\nSection: ${section}\nPriority: optional\nBuild-Depends: debhelper-compat (= 13),\n libsample-dev [amd64]\nStandards-Version: 4.6.0\n\nPackage: ${name}\nArchitecture: all\nDescription: x\n y\n`,
    'debian/changelog': `${name} (${upstream}-${revision}) trunk; urgency=low\n\n  * A change\n\n -- A <a@example.org>  Mon, 01 Jan 2024 00:00:00 +0000\n`,
  };
  for (const [path, text] of Object.entries(files)) await writeFile(join(tree, path), text);
  await run(['dpkg-source', '-b', tree], { cwd: top });
  return join(top, `${name}_${upstream}-${revision}.dsc`);
}

/** A deb of 700 kB whose control file has 700 MB: one megabyte, gzipped once and repeated. */
export function debWithHugeControl(): Buffer {
  const megabytes = 700;
  const text = Buffer.from(controlOf('bomb', '1').trimEnd());
  const header = Buffer.alloc(512);
  header.write('./control');
  header.write('0000644', 100);
  header.write('0000000', 108);
  header.write('0000000', 116);
  header.write((text.length + megabytes * 1_000_000).toString(8).padStart(11, '0'), 124);
  header.write('00000000000', 136);
  header.write('        0', 148);
  header.write('ustar\u000000', 257);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  const filling = gzipSync(Buffer.alloc(1_000_000, 'x'));
  const control = [gzipSync(Buffer.concat([header, text])), ...Array.from({ length: megabytes }, () => filling)];
  const members = {
    'debian-binary': [Buffer.from('2.0\n')],
    'control.tar.gz': control,
    'data.tar.gz': [gzipSync(Buffer.alloc(10240))],
  };
  const parts = Object.entries(members).map(([name, chunks]) => archiveMember(name, Buffer.concat(chunks)));
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts]);
}

function archiveMember(name: string, content: Buffer): Buffer {
  const head = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(content.length).padEnd(10)}\`\n`;
  return Buffer.concat([Buffer.from(head), content, Buffer.from('\n'.repeat(content.length % 2))]);
}

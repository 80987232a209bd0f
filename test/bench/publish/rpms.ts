import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../src/lib/index.ts';
import { createWords } from './words.ts';

const FILES = 12;
const PLACE = {
  name: 'bench-000000',
  version: '1.000000',
  summary: 'S'.repeat(40),
  description: 'D'.repeat(300),
  requirement: 'libplace-00',
  change: 'C'.repeat(60),
};
const file = (n: number) => `file-${String(n).padStart(2, '0')}-placeholder`;

/**
 * Writes `count` RPMs of twelve files each to `directory` and answers their paths. All come from one RPM of rpmbuild, whose header gets other names
 * and texts of the same length and then digests that are right again: 50,000 in seconds, where rpmbuild takes 50 ms each. Their payloads are alike,
 * which no index shows.
 */
export async function makeRpms(
  directory: string,
  count: number,
  options: { version?: number; from?: number } = {},
): Promise<string[]> {
  const { version = 0, from = 0 } = options;
  await mkdir(directory, { recursive: true });
  const template = await templateIn(join(directory, '..', 'template'));
  const paths: string[] = [];
  for (let n = from; n < from + count; n++) {
    const path = join(directory, `${nameOf(n)}-${versionOf(version)}-1.noarch.rpm`);
    if ((await stat(path).catch(() => undefined)) === undefined) await writeFile(path, variant(template, n, version));
    paths.push(path);
  }
  return paths;
}

const nameOf = (n: number) => `bench-${String(n).padStart(6, '0')}`;
const versionOf = (version: number) => `1.${String(version).padStart(6, '0')}`;

async function templateIn(directory: string): Promise<Buffer> {
  const path = join(directory, 'template.rpm');
  const kept = await readFile(path).catch(() => undefined);
  if (kept !== undefined) return kept;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const paths = Array.from({ length: FILES }, (_, n) => `/usr/share/${PLACE.name}/${file(n)}`);
  const spec = `Name: ${PLACE.name}
Version: ${PLACE.version}
Release: 1
Summary: ${PLACE.summary}
License: Apache-2.0
BuildArch: noarch
Requires: ${PLACE.requirement}
Provides: ${PLACE.name}(api) = 1
%description
${PLACE.description}
%install
mkdir -p %{buildroot}/usr/share/${PLACE.name} %{buildroot}/usr/bin
for f in ${paths.join(' ')} /usr/bin/${PLACE.name}; do echo $f > %{buildroot}$f; done
%files
${paths.join('\n')}
/usr/bin/${PLACE.name}
%changelog
* Mon Nov 02 2026 A Packager <packager@example.org> - 1
- ${PLACE.change}
`;
  await writeFile(join(directory, 'template.spec'), spec);
  const macros = ['_topdir', '_dbpath'].flatMap((macro) => ['--define', `${macro} ${directory}`]);
  await run(['rpmbuild', '-bb', '--quiet', ...macros, join(directory, 'template.spec')]);
  const built = await readFile(join(directory, 'RPMS/noarch', `${PLACE.name}-${PLACE.version}-1.noarch.rpm`));
  await writeFile(path, built);
  return built;
}

function variant(template: Buffer, n: number, version: number): Buffer {
  const content = Buffer.from(template);
  const lengthAt = (at: number) => 16 + 16 * content.readUInt32BE(at + 8) + content.readUInt32BE(at + 12);
  const start = 96 + Math.ceil(lengthAt(96) / 8) * 8;
  const end = start + lengthAt(start);
  const digests = () => [
    Buffer.from(createHash('sha256').update(content.subarray(start, end)).digest('hex')),
    Buffer.from(createHash('sha1').update(content.subarray(start, end)).digest('hex')),
    createHash('md5').update(content.subarray(start)).digest(),
  ];
  const before = digests();
  const words = createWords(n);
  const header = content
    .toString('latin1', start, end)
    .replaceAll(PLACE.name, nameOf(n))
    .replaceAll(PLACE.version, versionOf(version))
    .replaceAll(PLACE.summary, words(PLACE.summary.length))
    .replaceAll(PLACE.description, words(PLACE.description.length))
    .replaceAll(PLACE.requirement, `libplace-${String(n % 100).padStart(2, '0')}`)
    .replaceAll(PLACE.change, createWords(n + version * 1_000_003)(PLACE.change.length))
    .replaceAll(/file-(\d\d)-placeholder/g, (found) => words(found.length).replaceAll(' ', '-'));
  content.write(header, start, 'latin1');
  digests().forEach((digest, which) => {
    const at = content.subarray(0, start).indexOf(before[which] ?? '');
    if (at < 0) throw new Error('the template has no digest of its header');
    digest.copy(content, at);
  });
  return content;
}

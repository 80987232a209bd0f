import { mkdir, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run, sha256File } from '../../src/lib/index.ts';
import type { Deployment, Finished } from './fixture.ts';

/** What `trunkline pkg upload --json` answers. */
export interface UploadView {
  upload: number | null;
  target: string;
  project: string;
  snapshot: string;
  packages: { fullName: string; name: string; kind: string; fileName: string; sha256: string; size: number }[];
  replaced: string[];
}

/** What `trunkline pkg list --json` answers, a line each. */
export interface ContentView {
  target: string;
  project: string;
  fullName: string;
  kind: string;
  origin: string;
  sha256: string;
}

export async function upload(
  { cli }: Pick<Deployment, 'cli'>,
  target: string,
  files: readonly string[],
  ...options: string[]
): Promise<UploadView> {
  const finished = await cli('pkg', 'upload', ...options, '--json', '--target', target, '--', ...files);
  if (finished.code !== 0) throw new Error(`the upload ended with ${String(finished.code)}: ${finished.stderr}`);
  return JSON.parse(finished.stdout) as UploadView;
}

/** Uploads what has to be refused: with exit code 1 and an error, which is answered. */
export async function refusedUpload(
  { cli }: Pick<Deployment, 'cli'>,
  target: string,
  files: readonly string[],
  ...options: string[]
): Promise<{ code: string; message: string; hint?: string; where?: string }> {
  const finished: Finished = await cli('pkg', 'upload', ...options, '--json', '--target', target, '--', ...files);
  if (finished.code !== 1) throw new Error(`the upload ended with ${String(finished.code)}: ${finished.stdout}`);
  return (JSON.parse(finished.stderr) as { error: { code: string; message: string } }).error;
}

/** Writes a `.changes` that names files beside it, with their true sizes and digests unless `lies` says otherwise. */
export async function writeChanges(
  path: string,
  source: string,
  names: readonly string[],
  options: { lies?: Record<string, string>; sign?: boolean } = {},
): Promise<void> {
  const lines: string[] = [];
  for (const name of names) {
    const file = join(dirname(path), name);
    const { size } = await stat(file);
    lines.push(` ${options.lies?.[name] ?? (await sha256File(file))} ${size} ${name}`);
  }
  const text =
    `Format: 1.8\nDate: Mon, 01 Jan 2024 00:00:00 +0000\nSource: ${source}\nBinary: x\nArchitecture: source all\nVersion: 1\n` +
    `Distribution: trunk\nUrgency: low\nMaintainer: A <a@example.org>\nChanges:\n x (1) trunk; urgency=low\n .\n   * A change\n` +
    `Checksums-Sha256:\n${lines.join('\n')}\nFiles:\n${names.map((name) => ` ${'0'.repeat(32)} 1 misc optional ${name}`).join('\n')}\n`;
  const armour = (body: string) =>
    `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${body}-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n`;
  await writeFile(path, options.sign ? armour(text) : text);
}

/** An RPM with one file of zero bytes, which compresses to next to nothing. */
export async function buildBomb(
  directory: string,
  name: string,
  bytes: number,
  payload = 'w19.zstdio',
): Promise<string> {
  const top = join(directory, `bomb-${name}`);
  await mkdir(top, { recursive: true });
  const spec =
    `Name: ${name}\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n%description\nx\n` +
    `%install\nmkdir -p %{buildroot}/usr/share/${name}\nhead -c ${bytes} /dev/zero >%{buildroot}/usr/share/${name}/zeros\n` +
    `%files\n/usr/share/${name}\n`;
  await writeFile(join(top, 'bomb.spec'), spec);
  const settings = [
    ...['--define', `_topdir ${top}`, '--define', `_dbpath ${top}`],
    ...['--define', `_binary_payload ${payload}`, '--define', '_build_id_links none'],
  ];
  await run(['rpmbuild', '-bb', '--quiet', ...settings, join(top, 'bomb.spec')]);
  return join(top, 'RPMS/noarch', `${name}-1-1.noarch.rpm`);
}

/** The same as a deb. */
export async function buildDebBomb(
  directory: string,
  name: string,
  bytes: number,
  compression: 'xz' | 'none',
): Promise<string> {
  const top = join(directory, `bomb-${name}-deb`);
  await mkdir(join(top, 'DEBIAN'), { recursive: true });
  await mkdir(join(top, 'usr/share', name), { recursive: true });
  await writeFile(join(top, 'usr/share', name, 'zeros'), '');
  await truncate(join(top, 'usr/share', name, 'zeros'), bytes);
  const control = `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: x\n`;
  await writeFile(join(top, 'DEBIAN/control'), control);
  const path = join(directory, `${name}_1_all.deb`);
  await run(['dpkg-deb', '--root-owner-group', `-Z${compression}`, '--build', top, path]);
  return path;
}

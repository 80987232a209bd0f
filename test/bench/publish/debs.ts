import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { writeTar } from '../../../src/drivers/formats/write-tar.ts';
import { createWords } from './words.ts';

const FILES = 12;
const TIME = 1_793_577_600;

/** Writes `count` debs of twelve files each to `directory`, as dpkg-deb would, and answers their paths. */
export async function makeDebs(
  directory: string,
  count: number,
  options: { version?: number; from?: number } = {},
): Promise<string[]> {
  const { version = 0, from = 0 } = options;
  await mkdir(directory, { recursive: true });
  const paths: string[] = [];
  for (let n = from; n < from + count; n++) {
    const name = `bench-${String(n).padStart(6, '0')}`;
    const path = join(directory, `${name}_1.${String(version)}_all.deb`);
    if ((await stat(path).catch(() => undefined)) === undefined) await writeFile(path, deb(name, n, version));
    paths.push(path);
  }
  return paths;
}

function deb(name: string, n: number, version: number): Buffer {
  const words = createWords(n);
  const control = `Package: ${name}
Version: 1.${String(version)}
Architecture: all
Maintainer: A Packager <packager@example.org>
Section: misc
Priority: optional
Depends: libplace-${String(n % 100)}
Description: ${words(40)}
 ${words(300)}
`;
  const paths = Array.from({ length: FILES }, () => `usr/share/${name}/${words(19).replaceAll(' ', '-')}`);
  const files = [...new Set([...paths, `usr/bin/${name}`])].map((path) => plain(path, path));
  return archive({
    'debian-binary': Buffer.from('2.0\n'),
    'control.tar.gz': gzipSync(writeTar([plain('control', control)], TIME)),
    'data.tar.gz': gzipSync(writeTar(files, TIME)),
  });
}

const plain = (path: string, text: string) => ({ path, content: Buffer.from(text), executable: false });

/** ar(5), common format. */
function archive(members: Readonly<Record<string, Buffer>>): Buffer {
  const parts = Object.entries(members).flatMap(([name, content]) => [
    Buffer.from(
      `${name.padEnd(16)}${String(TIME).padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(content.length).padEnd(10)}\`\n`,
    ),
    content,
    Buffer.from('\n'.repeat(content.length % 2)),
  ]);
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts]);
}

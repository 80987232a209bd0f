import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSnapshot } from '../../../../src/drivers/builders/mock/snapshot-packages.ts';
import { compress } from '../../../../src/lib/index.ts';

const entryOf = (name: string) =>
  `<package type="rpm"><name>${name}</name><arch>x86_64</arch><version epoch="0" ver="1" rel="1"/><format></format></package>`;

test.each([
  { form: 'gzip', extension: 'gz' },
  { form: 'zstd', extension: 'zst' },
] as const)('a $form index of several chunks is read to its end', async ({ form, extension }) => {
  const path = await mkdtemp(join(tmpdir(), 'trunkline-mock-'));
  try {
    await mkdir(join(path, 'repodata'));
    const href = `repodata/primary.xml.${extension}`;
    await writeFile(
      join(path, 'repodata/repomd.xml'),
      `<repomd><data type="primary"><location href="${href}"/></data></repomd>`,
    );
    const chunks = ['<metadata>', entryOf('first'), entryOf('second'), '</metadata>'];
    const closed = await Promise.all(chunks.map((text) => compress(Buffer.from(text), form)));
    await writeFile(join(path, href), Buffer.concat(closed));
    expect((await readSnapshot({ path, also: [] })).map(({ name }) => name)).toEqual(['first', 'second']);
  } finally {
    await rm(path, { recursive: true });
  }
});

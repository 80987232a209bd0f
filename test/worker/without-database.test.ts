import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('../../src', import.meta.url));

/** Every file of ours that is loaded with `entry`: types are not. */
async function loadedWith(entry: string): Promise<Set<string>> {
  const seen = new Set<string>();
  const queue = [resolve(source, entry)];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const text = await readFile(file, 'utf8');
    const statements = text.matchAll(/^(?:import|export) (?!type )(?:[^;]*? from )?'(\.[^']+)';/gms);
    for (const [statement, path = ''] of statements) {
      const names = /\{([^}]*)\}/s.exec(statement)?.[1];
      // `{ type A, type B }` alone loads nothing that matters; what is left of it is a file without effects.
      if (names?.split(',').every((name) => /^\s*(type .*)?$/.test(name))) continue;
      queue.push(resolve(dirname(file), path));
    }
    for (const [, path = ''] of text.matchAll(/import\('(\.[^']+)'\)/g)) queue.push(resolve(dirname(file), path));
  }
  return new Set([...seen].map((file) => relative(source, file)));
}

test('a worker loads nothing of the database, the queue, the repositories of a server or its keys', async () => {
  const loaded = await loadedWith('worker/index.ts');
  expect(loaded).toContain('builds/run/make.ts');
  expect(loaded).toContain('drivers/builders/sandbox/index.ts');
  const servers = /^(db|queue|events|access|repos|promotion|trunk|server|drivers\/(signers|stores|notifiers))\//;
  expect([...loaded].filter((file) => servers.test(file))).toEqual([]);
});

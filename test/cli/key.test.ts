import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KeyList } from '../../src/app/index.ts';
import { listAudit, openDatabase, sqliteUrl } from '../../src/db/index.ts';
import { agentsOf } from '../drivers/signers/keys.ts';
import { trunkline } from './trunkline.ts';

let directory: string;
let config: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tl-key-'));
  config = join(directory, 'trunkline.yaml');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const key = (...args: string[]) => trunkline(['key', ...args, '--config', config]);
const list = async () => JSON.parse((await key('list', '--json')).stdout) as KeyList;
const states = async () => (await list()).keys.map(({ state }) => state);

describe('trunkline key', () => {
  test('lists the key of init, makes the next one and retires the first', async () => {
    const made = await trunkline(['init', directory, '--json']);
    const { key: first } = JSON.parse(made.stdout) as { key: string };
    expect(await readFile(config, 'utf8')).toMatch(/^signing: \{\}$/m);
    expect((await list()).keys).toMatchObject([
      { fingerprint: first, state: 'signs', expiresAt: null, retiredAt: null },
    ]);
    expect((await key('list')).stdout).toMatch(
      new RegExp(`^key +state +made +expires +retired\n${first}  signs +20.* never +-\n$`),
    );

    const refused = await key('retire', first);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('is the key that signs (make the next one first (trunkline key rotate)');

    const rotated = await key('rotate', '--reason', 'yearly', '--json');
    const { fingerprint: second } = JSON.parse(rotated.stdout) as { fingerprint: string };
    expect((await list()).keys.map(({ fingerprint }) => fingerprint)).toEqual([second, first]);
    expect(await states()).toEqual(['signs', 'trusted']);

    expect(await key('retire', first.toLowerCase())).toMatchObject({ code: 0, stdout: `retired ${first}\n` });
    expect(await states()).toEqual(['signs', 'retired']);
    expect((await key('retire', 'ABCD')).stderr).toContain('There is no key ABCD');

    const db = await openDatabase({ url: sqliteUrl(join(directory, 'data/trunkline.sqlite')), mode: 'read' });
    expect(await listAudit(db)).toMatchObject([
      { action: 'retire_key', subject: `key/${first}` },
      { action: 'rotate_key', subject: `key/${second}`, reason: 'yearly' },
    ]);
    await db.close();
    await expect.poll(() => agentsOf(directory), { timeout: 3000 }).toEqual([]);
  });

  test('says what to do where nothing is signed, or the keys are not Trunkline’s', async () => {
    const other = join(directory, 'unsigned');
    const { stdout } = await trunkline(['init', other, '--no-key']);
    expect(stdout).not.toContain('signing key');
    config = join(other, 'trunkline.yaml');
    expect(await readFile(config, 'utf8')).toMatch(/^# signing: \{\}$/m);
    expect(await list()).toEqual({ signing: null, keys: [] });
    expect((await key('list')).stdout).toBe('repositories are not signed\n');
    expect((await key('rotate')).stderr).toContain('add the line "signing: {}"');
    await writeFile(config, `signing: { key: ${'A'.repeat(40)} }\n`);
    expect((await key('rotate')).stderr).toContain('name the next key first and the old one after it in signing.key');
    await writeFile(config, 'signing: { command: /bin/false, public_keys: /nonexistent }\n');
    expect((await key('rotate')).stderr).toContain('A program signs (change the key there');
    expect(await key('list')).toMatchObject({ code: 1, stdout: '' });
  });
});

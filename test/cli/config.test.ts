import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configJsonSchema } from '../../src/app/config/index.ts';
import { trunkline } from './trunkline.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'trunkline-cli-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('trunkline config check', () => {
  test('reports every mistake with file, line, column and remedy', async () => {
    const file = join(directory, 'trunkline.yaml');
    await writeFile(file, 'jbos: 2\ntargets:\n  debian-12-amd64: { root: hots }\n');
    const people = await trunkline(['config', 'check'], { cwd: directory });
    expect(people).toEqual({
      code: 1,
      stdout: `${file}:1:1: unknown key "jbos"; did you mean jobs?\n${file}:3:28: "hots" is not possible here; did you mean host?\n`,
      stderr: `2 mistakes in ${file}\n`,
    });
    const programs = await trunkline(['config', 'check', '--json', '--quiet'], { cwd: directory });
    expect(programs).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(programs.stdout)).toMatchObject({
      file,
      ok: false,
      mistakes: [
        { file, line: 1, column: 1, what: 'unknown key "jbos"', remedy: 'did you mean jobs?' },
        { file, line: 3, column: 28 },
      ],
    });
  });

  test('finds the file that TRUNKLINE_CONFIG names', async () => {
    const file = join(directory, 'other.yaml');
    await writeFile(file, 'jobs: 1\n');
    const said = await trunkline(['config', 'check'], { cwd: '/', environment: { TRUNKLINE_CONFIG: file } });
    expect(said).toEqual({
      code: 0,
      stdout: `${file}: no mistakes; 0 targets, 0 projects; repositories are not signed\n`,
      stderr: '',
    });
  });

  test('says when there is no file at all', async () => {
    const said = await trunkline(['config', 'check'], { cwd: directory });
    expect(said.code).toBe(1);
    expect(said.stderr).toMatch(/^trunkline: There is no configuration: .*run "trunkline init"/);
  });

  test('prints nothing that a terminal would obey', async () => {
    await writeFile(join(directory, 'trunkline.yaml'), '"\\e]0;evil\\a\\e[2Jkey": 1\n');
    const said = await trunkline(['config', 'check'], { cwd: directory });
    // eslint-disable-next-line no-control-regex -- none of them may be left
    expect(said.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(said.code).toBe(1);
  });
});

test('trunkline config schema prints the JSON Schema', async () => {
  const said = await trunkline(['config', 'schema']);
  expect(said).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(said.stdout)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});

describe('trunkline init', () => {
  test('writes a configuration that is valid and a data directory, and says what to do next', async () => {
    const said = await trunkline(['init', 'here'], { cwd: directory });
    const file = join(directory, 'here/trunkline.yaml');
    const data = join(directory, 'here/data');
    expect(said.code).toBe(0);
    expect(said.stdout).toMatch(new RegExp(`^wrote ${file}\nmade ${data}\nmade the signing key [0-9A-F]{40}\n$`));
    expect(said.stderr).toContain(`trunkline config check --config ${file}`);
    const first = (await readFile(file, 'utf8')).split('\n')[0] ?? '';
    const schema = /^# yaml-language-server: \$schema=(file:.*)$/.exec(first)?.[1] ?? '';
    expect(JSON.parse(await readFile(fileURLToPath(schema), 'utf8'))).toMatchObject({
      title: 'Trunkline configuration',
    });
    expect((await trunkline(['config', 'check', '--config', file])).code).toBe(0);
  });

  test('overwrites nothing', async () => {
    await writeFile(join(directory, 'trunkline.yaml'), 'mine\n');
    const said = await trunkline(['init'], { cwd: directory });
    expect(said).toMatchObject({ code: 1, stdout: '' });
    expect(said.stderr).toContain('There is a configuration already; it was left as it is');
    expect(await readFile(join(directory, 'trunkline.yaml'), 'utf8')).toBe('mine\n');
  });

  test('leaves a data directory that is there as it is', async () => {
    await mkdir(join(directory, 'data'));
    await writeFile(join(directory, 'data/x'), 'kept');
    const said = await trunkline(['init', '--json'], { cwd: directory });
    expect(JSON.parse(said.stdout)).toEqual({
      config: join(directory, 'trunkline.yaml'),
      dataDir: join(directory, 'data'),
      key: expect.stringMatching(/^[0-9A-F]{40}$/) as string,
    });
    expect(await readFile(join(directory, 'data/x'), 'utf8')).toBe('kept');
  });

  test('says what is wrong with a directory that cannot be written', async () => {
    await writeFile(join(directory, 'file'), '');
    expect((await trunkline(['init', 'file'], { cwd: directory })).stderr).toContain('This is no directory');
    await chmod(directory, 0o755);
    const bin = fileURLToPath(new URL('../../bin/trunkline.js', import.meta.url));
    const readOnly = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" "$3" init "$1/new"';
    const said = spawnSync('unshare', ['--mount', 'sh', '-c', readOnly, 'sh', directory, process.execPath, bin], {
      encoding: 'utf8',
    });
    expect(said.status).toBe(1);
    expect(said.stderr).toMatch(/^trunkline: .*\/new: Cannot write .*: EROFS \(make the directory writable/);
  });
});

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LEVELS } from '../../src/cli/program.ts';
import { LOG_LEVELS } from '../../src/model/index.ts';
import { trunkline } from './trunkline.ts';

const bin = fileURLToPath(new URL('../../bin/trunkline.js', import.meta.url));

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'trunkline-cli-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the command line', () => {
  test('prints its version, and loads nothing for it', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await trunkline(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    expect((await trunkline(['-V'])).stdout).toBe(`${version}\n`);
    // What is loaded decides how long it takes; the time itself depends on the machine.
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      `import { registerHooks } from 'node:module';
       registerHooks({ load(url, context, next) { if (/node_modules/.test(url)) console.log(url); return next(url, context); } });
       process.argv.splice(1, 0, 'trunkline', '--version'); process.argv.length = 3;
       await import(${JSON.stringify(new URL('../../src/cli/main.ts', import.meta.url).href)});`,
    ]);
    expect(stdout).toBe(`${version}\n`);
  });

  test('helps, with a line for each command', async () => {
    const { code, stdout } = await trunkline(['help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: trunkline /);
    for (const word of ['init', 'config', '--config', '--json', '--log-level', 'Exit codes: 0', 'TRUNKLINE_CONFIG'])
      expect(stdout).toContain(word);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
    const nested = await trunkline(['config', '--help']);
    expect(nested.stdout).toMatch(/check.*\n?.*schema/s);
    expect((await trunkline(['help', 'init'])).stdout).toContain('Nothing that is there is overwritten.');
  });

  test.each([
    [['confg'], "unknown command 'confg'", 'Did you mean config?'],
    [['config', 'chek'], "unknown command 'chek'", 'Did you mean check?'],
    [['--jsn', 'config', 'check'], "unknown option '--jsn'", 'Did you mean --json?'],
    [['config', 'check', '--log-level', 'loud'], 'Allowed choices are trace, debug', ''],
    [['config', 'check', 'extra'], 'too many arguments', ''],
  ])('%j is refused, with what was probably meant', async (args, message, suggestion) => {
    const { code, stdout, stderr } = await trunkline(args);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).toContain(suggestion);
  });

  test('takes its options before and after the command', async () => {
    const file = join(directory, 'good.yaml');
    await writeFile(file, '');
    const before = await trunkline(['--json', '--config', file, 'config', 'check']);
    const after = await trunkline(['config', 'check', '--config', file, '--json']);
    expect(before).toEqual({ code: 0, stdout: after.stdout, stderr: '' });
    expect(JSON.parse(before.stdout)).toEqual({ file, ok: true, targets: 0, projects: 0, signing: null, mistakes: [] });
  });

  test('reports an error with place and remedy, and as JSON when asked', async () => {
    const missing = join(directory, 'none.yaml');
    const said = await trunkline(['config', 'check', '--config', missing]);
    expect(said).toEqual({
      code: 1,
      stdout: '',
      stderr: `trunkline: ${missing}: There is no such configuration file (check the path, or run "trunkline init" to make one)\n`,
    });
    const json = await trunkline(['config', 'check', '--config', missing, '--json']);
    expect(json).toMatchObject({ code: 1, stdout: '' });
    expect(JSON.parse(json.stderr)).toEqual({
      error: {
        code: 'not_found',
        message: 'There is no such configuration file',
        where: missing,
        hint: 'check the path, or run "trunkline init" to make one',
      },
    });
  });

  test('is quiet when its reader goes away', async () => {
    const child = spawn('bash', ['-c', 'set -o pipefail; "$0" "$1" config schema | head -c 1', process.execPath, bin], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('knows the same log levels as the configuration', () => {
    expect(LEVELS).toEqual(LOG_LEVELS);
  });

  test('runs where it is linked to, from any directory', async () => {
    expect((await trunkline(['config', 'schema'], { cwd: '/' })).code).toBe(0);
  });
});

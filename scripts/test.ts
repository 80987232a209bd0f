// What `npm test` runs after set-up: types, lint, then every test, with the base repositories made first. Tests that start the program start it as npm
// would install it, which takes half the time. Ends with one line of totals.
import { spawn, spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installProgram } from '../test/installed.ts';
import { ensureBaseRepositories } from './base-repositories.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const only = process.argv.slice(2);

interface Totals {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numFailedTestSuites: number;
}

async function step(title: string, command: readonly [string, ...string[]]): Promise<boolean> {
  const started = performance.now();
  console.log(`\n== ${title}`);
  const child = spawn(command[0], command.slice(1), { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  console.log(`== ${title}: ${code === 0 ? 'ok' : 'FAILED'} in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return code === 0;
}

/** Samples of the tests that take many seconds; see test/sampled.ts. */
const SAMPLES = 6;

/** The sample that belongs to the commit that is checked out, so that whoever runs the tests of a commit runs the same; the first where there is none. */
function sampleOfCommit(): number {
  const { stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
  return (Number.parseInt(stdout.slice(0, 8), 16) || 0) % SAMPLES;
}

async function main(): Promise<number> {
  const bin = (name: string) => join(root, 'node_modules/.bin', name);
  const report = join(root, '.cache/test-report.json');
  let ok = true;
  if (only.length === 0) {
    ok = (await step('types', [bin('tsc'), '--noEmit'])) && ok;
    ok = (await step('lint', [bin('eslint'), '.'])) && ok;
    ok = (await step('format', [bin('prettier'), '--check', '--log-level=warn', '.'])) && ok;
  }
  await ensureBaseRepositories(join(root, '.cache/base'), (line) => {
    console.log(`base repositories: ${line}`);
  });
  if (only.length === 0 && process.env.TRUNKLINE_TEST_LONG !== '1') {
    process.env.TRUNKLINE_TEST_SAMPLE ??= `${String(sampleOfCommit())}/${String(SAMPLES)}`;
    console.log(
      `of the tests that take many seconds, sample ${process.env.TRUNKLINE_TEST_SAMPLE} (npm run test:long runs all)`,
    );
  }
  process.env.TRUNKLINE_PROGRAM = await installProgram(join(root, '.cache/program'));
  await rm(report, { force: true });
  const vitest = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...only];
  ok = (await step('tests', [bin('vitest'), ...vitest])) && ok;
  const totals = JSON.parse(await readFile(report, 'utf8')) as Totals;
  const failed = totals.numFailedTests + (totals.numFailedTests === 0 ? totals.numFailedTestSuites : 0);
  if (totals.numPassedTests === 0) ok = false;
  console.log(`\n${totals.numPassedTests} passed, ${failed} failed, ${totals.numPendingTests} skipped`);
  return ok ? 0 : 1;
}

process.exitCode = await main();

import { readFileSync } from 'node:fs';

const version = () =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

const words = process.argv.slice(2);
// Asked so often by scripts and completions that it is answered before anything is loaded.
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) process.stdout.write(`${version()}\n`);
else {
  const { runCommandLine } = await import('./start.ts');
  await runCommandLine(process.argv, version());
}

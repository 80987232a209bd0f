// `npm run demo`: sample repositories → the real main job for one RPM and one deb target → both installed with real dnf and apt.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBaseRepositories } from './base-repositories.ts';
import { installWithApt, installWithDnf, type Installed } from './demo/install.ts';
import { BREAKING, makeSamples } from './demo/samples/index.ts';
import { trunkline, trunklineJson } from './demo/trunkline.ts';
import { demoConfiguration, DEB_TARGET, RPM_TARGET } from './demo/configuration.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const directory = join(root, '.cache/demo');
const dataDirectory = join(directory, 'data');
const started = performance.now();

function say(text: string): void {
  console.log(`\n== ${text}  [${((performance.now() - started) / 1000).toFixed(0)} s]`);
}

interface ListedBuild {
  id: number;
  project: string;
  target: string;
  result: string | null;
  reason: string | null;
  detail: string | null;
  upstream: { hash: string; subject: string; authorName: string };
}

/** Everything of an earlier demo goes but the prepared roots, which take the longest to make and are checked against the configuration. */
async function clearEarlierDemo(): Promise<void> {
  for (const entry of [
    'samples',
    'install',
    'trunkline.yaml',
    'data/git',
    'data/tarballs',
    'data/logs',
    'data/repos',
    'data/scratch',
    'data/keys',
  ])
    await rm(join(directory, entry), { recursive: true, force: true });
  for (const entry of ['trunkline.sqlite', 'trunkline.sqlite-wal', 'trunkline.sqlite-shm'])
    await rm(join(dataDirectory, entry), { force: true });
  await mkdir(dataDirectory, { recursive: true });
}

async function buildEverything(config: string): Promise<void> {
  say('Prepare the roots that packages are built and installed in (kept for next time)');
  await trunkline(['--config', config, 'config', 'check']);
  await trunkline(['--config', config, 'key', 'rotate', '--reason', 'the first key']);
  for (const target of [RPM_TARGET, DEB_TARGET]) await trunkline(['--config', config, 'target', 'prepare', target]);
  say('Build every commit: trunkline run --order --since 2026-11-01');
  const code = await trunkline(['--config', config, 'run', '--order', '--since', '2026-11-01'], [0, 1]);
  if (code !== 1)
    throw new Error(`the run should have found the commit that breaks the packaging and exited 1, but exited ${code}`);
}

async function report(config: string, breaking: string): Promise<void> {
  say('Every build');
  await trunkline(['--config', config, 'builds', '--limit', '100']);
  say('Where each project stands');
  await trunkline(['--config', config, 'status']);
  const builds = await trunklineJson<ListedBuild[]>([
    '--config',
    config,
    'builds',
    '--result',
    'failure',
    '--limit',
    '100',
  ]);
  const first = builds.filter((build) => build.upstream.hash === breaking);
  if (first.length !== 2)
    throw new Error(`commit ${breaking} should have failed for both targets: ${JSON.stringify(builds, null, 1)}`);
  say('The break, and the commit that caused it');
  for (const build of first) {
    const { hash, subject, authorName } = build.upstream;
    console.log(`${build.project} on ${build.target}: ${build.reason ?? ''}: ${build.detail ?? ''}`);
    console.log(
      `    first broken by ${hash.slice(0, 12)} "${subject}" (${authorName}); the log: trunkline log ${build.id}`,
    );
  }
}

function show(tool: string, repository: string, installed: Installed): void {
  console.log(`\n${tool}: ${repository}`);
  console.log(`    ${installed.command}`);
  console.log(`    installed: ${installed.packages.join(' ')}`);
  for (const { program, output } of installed.programs)
    console.log(`    $ ${program}\n      ${output.trim().replaceAll('\n', '\n      ')}`);
}

async function installFromBoth(base: { rpm: string; deb: string }): Promise<void> {
  say('Install from both repositories with real dnf and real apt, into throw-away roots');
  const scratch = join(directory, 'install');
  const current = (target: string) => join(dataDirectory, 'repos', target, 'current');
  const clientFile = (target: string, kind: string) =>
    join(dataDirectory, 'repos', target, `trunkline-${target}.${kind}`);
  try {
    const dnf = await installWithDnf(join(scratch, 'rpm'), clientFile(RPM_TARGET, 'repo'), base.rpm);
    show('dnf', current(RPM_TARGET), dnf);
    const rootTar = join(directory, 'apt-root.tar');
    const files = { sources: clientFile(DEB_TARGET, 'sources'), pref: clientFile(DEB_TARGET, 'pref') };
    const apt = await installWithApt(join(scratch, 'deb'), files, { base: base.deb, rootTar });
    show('apt', current(DEB_TARGET), apt);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

say('Make base repositories from Debian packages (kept for next time)');
const base = await ensureBaseRepositories(join(root, '.cache/base'), (line) => {
  console.log(line);
});
await clearEarlierDemo();
say('Make sample upstream and packaging repositories');
const hashes = await makeSamples(join(directory, 'samples'));
const config = join(directory, 'trunkline.yaml');
await writeFile(config, demoConfiguration({ dataDirectory, samples: join(directory, 'samples'), base }));
console.log(
  `${Object.keys(hashes).join(', ')}: ${Object.values(hashes).flat().length} commits; configuration: ${config}`,
);
await buildEverything(config);
await report(config, hashes.greeter?.[BREAKING] ?? '');
await installFromBoth(base);
say('Done. Ask on with');
console.log(`bin/trunkline.js --config ${config} status | builds | build show ID | log ID | where COMMIT`);

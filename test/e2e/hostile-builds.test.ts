import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { deploySamples, only, RPM, type Deployment } from './fixture.ts';
import { findLeftovers, NOTHING, setTraps } from './host.ts';
import { contentsOf } from './published.ts';
import type { RunView } from './views.ts';
import { sampled } from '../sampled.ts';

/** Short limits, so that what never ends is ended soon. */
const LIMITS = { time: '15s', processes: 60, output: '1MB', memory: '400MB', disk: '200MB' };

/** Builds samples, each of which does one thing in its build; answers what came of them and how long it took. */
async function buildAll(behaviours: Record<string, string>, formats: 'rpm' | 'deb' = 'rpm') {
  const deployment = await deploySamples(Object.keys(behaviours), { formats, settings: { limits: LIMITS } });
  for (const sample of deployment.samples) await sample.push('two', behaviours[sample.name]);
  const running = deployment.start('run', '--json');
  const started = performance.now();
  const { stdout, stderr } = await running.done;
  const seconds = (performance.now() - started) / 1000;
  if (stdout === '') throw new Error(stderr);
  const { builds } = JSON.parse(stdout) as RunView;
  return {
    deployment,
    seconds,
    pid: running.pid,
    of: (name: string) => only(builds.filter(({ project }) => project === name)),
  };
}

async function logOf(deployment: Deployment, id: number): Promise<string> {
  return (await deployment.cli('log', String(id))).stdout;
}

const FORK = 'f() { f & f & }; while :; do f; sleep 0.01; done 2>/dev/null';

sampled(
  'builds that fork, print, sleep, fill memory and fill the disk without end are ended, and others go on',
  async () => {
    const { deployment, of, seconds, pid } = await buildAll({
      forking: FORK,
      printing: 'yes the same line again and again',
      sleeping: 'sleep 1000 & setsid sleep 1000 & sleep 1000',
      eating: 'exec perl -e \'my @a; push @a, "x" x 1000000 while 1\'',
      filling: 'exec dd if=/dev/zero of=big bs=1M',
      good: 'exit 0',
    });
    expect(of('good').result).toBe('success');
    expect(of('forking')).toMatchObject({ result: 'failure' });
    expect(of('forking').reason).toMatch(/^(timeout|build_failed)$/);
    expect(of('printing')).toMatchObject({ result: 'failure', reason: 'build_failed' });
    expect(of('printing').detail).toMatch(/1000000 bytes|output|log/);
    expect((await logOf(deployment, of('printing').id)).length).toBeLessThan(1_100_000);
    expect(of('sleeping')).toMatchObject({ result: 'failure', reason: 'timeout' });
    expect(of('sleeping').detail).toMatch(/15 s|15 seconds/);
    expect(of('eating')).toMatchObject({ result: 'failure', reason: 'build_failed' });
    expect(of('eating').detail).toMatch(/memory/);
    expect(of('filling')).toMatchObject({ result: 'failure', reason: 'build_failed' });
    expect(of('filling').detail).toMatch(/[Nn]o space left.*limits\.disk: what is written may have 190\.7 MiB/);
    expect(seconds).toBeLessThan(60);
    expect(await findLeftovers([pid], deployment.dataDir)).toEqual(NOTHING);
  },
);

sampled('the same for deb, where dpkg-buildpackage is what is ended', async () => {
  const { deployment, of, pid } = await buildAll({ forking: FORK, sleeping: 'sleep 1000', good: 'exit 0' }, 'deb');
  expect(of('good').result).toBe('success');
  expect(of('forking').result).toBe('failure');
  expect(of('sleeping')).toMatchObject({ result: 'failure', reason: 'timeout' });
  expect(await findLeftovers([pid], deployment.dataDir)).toEqual(NOTHING);
});

sampled('a build sees nothing of the host and can change nothing of it', async () => {
  const traps = await setTraps();
  const hostname = (await readFile('/proc/sys/kernel/hostname', 'utf8')).trim();
  const probe = [
    traps.spring,
    'echo uid $(id -u)',
    'echo host $(uname -n)',
    'echo processes $(ls /proc | grep -c "^[0-9]*$")',
    'echo interfaces $(cut -d: -f1 /proc/net/dev | tail -n +3)',
    'mount -t tmpfs none /mnt 2>/dev/null && echo mounted',
    'unshare -U true 2>/dev/null && echo unshared',
    'echo pwned >/proc/sys/kernel/hostname 2>/dev/null && echo renamed',
    'ls /work /root/.ssh /var/lib/trunkline 2>/dev/null',
    'test -e /dev/sda -o -e /dev/vda && echo disks',
    'env | grep -i -E "smtp|password|token|ssh|trunkline" && echo secrets',
    'true',
  ];
  const { deployment, of } = await buildAll({ probing: probe.join('\n') });
  expect(of('probing').result).toBe('success');
  const log = await logOf(deployment, of('probing').id);
  expect(log).toMatch(/^uid 1000$/m);
  expect(log).not.toMatch(new RegExp(`^host ${hostname}$`, 'm'));
  expect(Number(/^processes (\d+)$/m.exec(log)?.[1])).toBeLessThan(30);
  expect(log).toMatch(/^interfaces( lo)?$/m);
  for (const word of ['mounted', 'unshared', 'renamed', 'disks', 'secrets'])
    expect(log.split('\n')).not.toContain(word);
  await traps.expectUnsprung();
});

sampled('what a build leaves beside its packages is looked at before it is believed', async () => {
  const out = '/builddir/build/out';
  const { of, deployment } = await buildAll({
    linking: `ln -s /etc/passwd ${out}/evil-1-1.noarch.rpm; ln -s / ${out}/all`,
    piping: `mkfifo ${out}/evil-1-1.noarch.rpm`,
    lying: `echo this is no package >${out}/evil-1-1.noarch.rpm`,
    climbing: `echo x >"${out}/..evil.rpm"; mkdir ${out}/evil-1-1.noarch.rpm`,
    good: 'exit 0',
  });
  // Links and pipes are left where they are; what looks like a package has to be one.
  for (const name of ['linking', 'piping']) expect(of(name).result).toBe('success');
  for (const name of ['lying', 'climbing']) {
    expect(of(name)).toMatchObject({ result: 'failure', reason: 'build_failed' });
    expect(of(name).detail).toMatch(/evil\S*\.rpm: rpm refuses it/);
  }
  expect(of('good').result).toBe('success');
  for (const { fullName } of await contentsOf(deployment, RPM)) expect(fullName).not.toContain('evil');
});

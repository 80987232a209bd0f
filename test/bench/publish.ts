import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createGpgSigner, makeOwnKey, usableOwnKeys } from '../../src/drivers/signers/gpg/index.ts';
import { run } from '../../src/lib/index.ts';
import type { FormatName, Signer } from '../../src/model/index.ts';
import { BENCH } from './deployment.ts';
import { median, quantile, rounded, type Benchmark, type Measurement, type Progress } from './measurement.ts';
import { makeDebs } from './publish/debs.ts';
import { openOurs, type Ours } from './publish/ours.ts';
import {
  aptlyPeer,
  createrepoPeer,
  ftparchivePeer,
  indexBytes,
  installPeers,
  repreproPeer,
  type Peer,
} from './publish/peers.ts';
import { makeRpms } from './publish/rpms.ts';
import { measureSnapshots } from './publish/snapshots.ts';

/** Packages in the repository; `TRUNKLINE_BENCH_PUBLISH=1500` for some of them only. The large ones take minutes, most of them the peers'. */
const SIZES = (process.env.TRUNKLINE_BENCH_PUBLISH ?? '1500,20000,50000').split(',').map(Number);
const REPLACEMENTS = 200;
/** Milliseconds between two replacements in the second series: what starts ahead for the next package then takes no time from this one. */
const PAUSE = 50;
const GOALS: Readonly<Record<FormatName, Readonly<Record<number, number>>>> = {
  rpm: { 1500: 0.03, 50_000: 0.15 },
  deb: { 1500: 0.03, 20_000: 0.05, 50_000: 0.1 },
};

/** What issue 3 asks of publishing: one package replaced in a large repository, ours and each peer's in one run. */
export const benchmarkPublish: Benchmark = async (progress) => {
  await installPeers(progress);
  const found: Measurement[] = [];
  for (const size of SIZES) {
    if (size !== 20_000) found.push(...(await measureFormat('rpm', size, progress)));
    found.push(...(await measureFormat('deb', size, progress)));
  }
  return [...found, ...(await measureSnapshots(join(BENCH, 'publish'), progress))];
};

async function measureFormat(format: FormatName, size: number, progress: Progress): Promise<Measurement[]> {
  const directory = join(BENCH, 'publish', `${format}-${size}`);
  const make = format === 'rpm' ? makeRpms : makeDebs;
  progress(`${size} ${format} packages`);
  const paths = await make(join(BENCH, 'publish', format), size);
  const order = shuffled(size).slice(0, REPLACEMENTS);
  const fresh: string[] = [];
  // New versions of this run's own: what was read before is known by its digest.
  const version = Math.trunc(Date.now() / 1000) % 900_000;
  for (const n of order) fresh.push(...(await make(join(directory, 'fresh'), 1, { from: n, version: version + 1 })));
  const pairs = order.map((n, at) => ({ old: paths[n] ?? '', fresh: fresh[at] ?? '' }));

  const measurements: Measurement[] = [];
  const peers = await measurePeers(format, size, directory, paths, pairs, progress);
  for (const signing of [false, true]) {
    const signer = signing ? await benchSigner() : null;
    progress(`${format} ${size}: ours, signing ${signing ? 'on' : 'off'}`);
    const ours = await openOurs(join(directory, 'ours'), format, signer);
    const first = await ours.first(paths);
    const name = `${format}-${size}-${signing ? 'signed' : 'unsigned'}`;
    measurements.push(...firstOf(name, first, peers));
    measurements.push(await replacements(`${name}-replace`, ours, pairs, peers, signing ? 0.1 : GOALS[format][size]));
    if (format === 'rpm' && !signing)
      measurements.push(...(await indexCosts(name, ours, join(directory, 'createrepo'))));
    await ours.close();
  }
  return measurements;
}

interface PeerResult {
  name: string;
  first: number;
  times: number[];
}

async function measurePeers(
  format: FormatName,
  size: number,
  directory: string,
  paths: readonly string[],
  pairs: readonly { old: string; fresh: string }[],
  progress: Progress,
): Promise<PeerResult[]> {
  const peers: Peer[] =
    format === 'rpm'
      ? [createrepoPeer(join(directory, 'createrepo')), createrepoPeer(join(directory, 'createrepo-db'), [])]
      : [ftparchivePeer(join(directory, 'ftparchive'))];
  // aptly and reprepro need minutes for their first index of more.
  if (format === 'deb' && size <= 20_000) peers.push(repreproPeer(join(directory, 'reprepro')));
  if (format === 'deb' && size <= 1500) peers.push(aptlyPeer(join(directory, 'aptly')));
  const count = size <= 1500 ? 20 : 5;
  const results: PeerResult[] = [];
  for (const peer of peers) {
    progress(`${format} ${size}: ${peer.name}`);
    const first = await peer.first(paths);
    const times: number[] = [];
    for (const pair of pairs.slice(0, count)) times.push(await peer.replace(pair.old, pair.fresh));
    results.push({ name: peer.name, first, times });
  }
  return results;
}

function firstOf(name: string, phases: Record<string, number>, peers: readonly PeerResult[]): Measurement[] {
  const [peer] = peers;
  const { all = 0 } = phases;
  return [
    {
      ...{ name: `${name}-first`, ours: all, peer: peer?.first ?? null, unit: 's', peer_name: peer?.name ?? '' },
      target: 'no slower than the peer',
      details: { phases: roundedAll(phases), peers: peers.map((one) => [one.name, rounded(one.first)]) },
    },
  ];
}

async function replacements(
  name: string,
  ours: Ours,
  pairs: readonly { fresh: string }[],
  peers: readonly PeerResult[],
  goal: number | undefined,
): Promise<Measurement> {
  const half = Math.ceil(pairs.length / 2);
  const steady: Record<string, number>[] = [];
  const apart: Record<string, number>[] = [];
  for (const pair of pairs.slice(0, half)) steady.push(await ours.replace(pair.fresh));
  for (const pair of pairs.slice(half)) {
    await pause(PAUSE);
    apart.push(await ours.replace(pair.fresh));
  }
  const all = (runs: readonly Record<string, number>[]) => runs.map((phases) => phases.all ?? 0);
  const both = [...all(steady), ...all(apart)];
  const [peer] = peers;
  const phases = Object.keys(steady[0] ?? {}).map((phase) => [
    phase,
    median([...steady, ...apart].map((one) => one[phase] ?? 0)),
  ]);
  return {
    ...{ name, ours: median(both), unit: 's', peer_name: peer?.name ?? '' },
    peer: peer === undefined ? null : median(peer.times),
    target: goal === undefined ? 'none' : `<= ${goal} s`,
    details: {
      percentile95: rounded(quantile(both, 0.95)),
      without_pause: { median: rounded(median(all(steady))), percentile95: rounded(quantile(all(steady), 0.95)) },
      with_pause: { median: rounded(median(all(apart))), percentile95: rounded(quantile(all(apart), 0.95)) },
      phases: roundedAll(Object.fromEntries(phases) as Record<string, number>),
      peers: peers.map((one) => [one.name, rounded(median(one.times))]),
    },
  };
}

/** What chunks cost those who download: bytes of the compressed index, and dnf's time to read it. */
async function indexCosts(name: string, ours: Ours, peer: string): Promise<Measurement[]> {
  const bytes = await Promise.all([indexBytes(join(ours.current, 'repodata')), indexBytes(join(peer, 'repodata'))]);
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < 5; round++) {
    times[0].push(await makecache(ours.current, join(peer, '..', 'dnf-ours')));
    times[1].push(await makecache(peer, join(peer, '..', 'dnf-peer')));
  }
  return [
    {
      ...{ name: `${name}-index-bytes`, ours: bytes[0], peer: bytes[1], unit: 'bytes', peer_name: 'createrepo_c' },
      target: '<= 1.25 times the peer',
    },
    {
      ...{ name: `${name}-makecache`, ours: median(times[0]), peer: median(times[1]), unit: 's' },
      ...{ peer_name: 'dnf makecache of createrepo_c’s', target: '<= 1.1 times the peer' },
    },
  ];
}

async function makecache(repository: string, cache: string): Promise<number> {
  await run(['rm', '-rf', cache]);
  const only = ['--disablerepo=*', `--repofrompath=bench,file://${repository}`, '--setopt=reposdir=/nonexistent'];
  return (
    await run(['dnf', '-q', ...only, `--setopt=cachedir=${cache}`, '--disableplugin=*', 'makecache'], {
      env: { HOME: cache },
    })
  ).seconds;
}

async function benchSigner(): Promise<Signer> {
  const home = join(BENCH, 'publish', 'gnupg');
  if ((await usableOwnKeys(home).catch(() => [])).length === 0)
    await makeOwnKey(home, 'Trunkline benchmark <bench@localhost>', Date.now());
  return createGpgSigner({ home, fingerprints: () => usableOwnKeys(home), passphraseFile: null });
}

/** The numbers below `size` in an order that looks random and is always the same. */
function shuffled(size: number): number[] {
  const numbers = Array.from({ length: size }, (_, n) => n);
  return numbers.sort((a, b) => Math.imul(a, 2_654_435_761) - Math.imul(b, 2_654_435_761) || a - b);
}

function roundedAll(values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, rounded(value)]));
}

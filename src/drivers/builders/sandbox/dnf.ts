import { randomBytes } from 'node:crypto';
import { appendToLog } from '../../../lib/index.ts';
import type { Jail, JailRoot } from '../../../lib/jail/index.ts';
import type { LocalRepository, RpmBaseRepository, Target } from '../../../model/index.ts';
import { addressBinds, isRemote, keyInJail, localBinds, pathOf, rpmRepositories } from './base-repositories.ts';
import { DNF_PROGRAM } from './dnf-program.ts';
import { fetchFresh, MachineTrouble, stopped } from './outcome.ts';
import { dnfReportSchema, type DnfReport } from './schema.ts';

/** Where the install root and dnf's cache are in the jail. */
const INSTALL_ROOT = '/installroot';
const CACHE = '/cache';
/** The id of our snapshot among the repositories. */
const OURS = 'trunkline';

export interface DnfRequest {
  jail: Jail;
  target: Target;
  /** The root to install into. */
  root: JailRoot;
  /** Holds the metadata of the base repositories. */
  cache: JailRoot;
  repository: LocalRepository | null;
  /** RPM requirements, as `rpm -qR` prints them. */
  requirements: readonly string[];
  /** Packages of `repository` by exact version. */
  packages: readonly { name: string; fullName: string }[];
  /** Whether packages of the root that the repository has in another version are replaced. */
  bringToOurs: boolean;
  /** Digests of results that need not be installed again, because the caller has them. */
  layers: readonly string[];
  layerSalt: string;
  /** Seconds left. */
  timeout: number;
  /** What dnf and the scriptlets say is appended here. */
  log: string;
}

export interface DnfResult {
  /** Full names of what was or would be installed. */
  added: readonly string[];
  /** Full names of everything in the root afterwards. */
  installed: readonly string[];
  /** The digest that names the result over this root; null when there was nothing to do. */
  layer: string | null;
  /** Whether it was installed into the root now. */
  done: boolean;
  failure: { reason: 'unresolvable' | 'transaction' | 'scriptlet'; words: string } | null;
  /** Seconds inside dnf. */
  seconds: number;
}

/**
 * Resolves and, unless the result is among `layers`, installs. Fetching has the network and runs no scriptlet; installing has scriptlets and no
 * network; where all base repositories are on this machine one run does both.
 * @throws MachineTrouble when a base repository cannot be read. @throws LimitReached
 */
export async function runDnf(request: DnfRequest): Promise<DnfResult> {
  if (!rpmRepositories(request.target).some(isRemote)) return runStep(request, 'all');
  const fetched = await fetchFresh((fresh) => runStep(request, 'download', fresh));
  if (fetched.failure !== null || fetched.layer === null || request.layers.includes(fetched.layer)) return fetched;
  const installed = await runStep({ ...request, timeout: request.timeout - fetched.seconds }, 'install');
  return { ...installed, seconds: fetched.seconds + installed.seconds };
}

async function runStep(request: DnfRequest, step: 'all' | 'download' | 'install', fresh = false): Promise<DnfResult> {
  const mark = randomBytes(12).toString('hex');
  const bases = rpmRepositories(request.target);
  const result = await request.jail.run(['/usr/bin/python3', '-I', '-c', DNF_PROGRAM], {
    root: 'tools',
    rootsInside: [
      { root: request.root, target: INSTALL_ROOT },
      { root: request.cache, target: CACHE },
    ],
    binds: [...addressBinds(request.target), ...localBinds(request.repository)],
    user: 'root',
    network: step === 'download',
    input: JSON.stringify({ ...programInput(request, bases, fresh), mark, step }),
    timeout: request.timeout,
  });
  const lines = result.stdout.split('\n');
  const reports = lines
    .filter((line) => line.startsWith(mark))
    .map((line) => dnfReportSchema.parse(JSON.parse(line.slice(mark.length))));
  const other = lines.filter((line) => !line.startsWith(mark)).join('\n');
  await appendToLog(request.log, transcript(reports, `${other}${result.stderr}`));
  stopped(result, 'resolving and installing packages');
  return readReports(reports, result.exitCode, { seconds: result.seconds, words: result.stderr, step });
}

function programInput(request: DnfRequest, bases: readonly RpmBaseRepository[], fresh: boolean) {
  const ours = request.repository && {
    id: OURS,
    baseurl: [`file://${encodeURI(request.repository.path)}`],
    ...{ metalink: null, mirrorlist: null, gpgkey: [], priority: 1, expire: 0, ours: true },
  };
  return {
    installRoot: INSTALL_ROOT,
    cache: CACHE,
    arch: request.target.arch,
    releasever: /-(\d+)(?:-|$)/.exec(request.target.name)?.[1] ?? null,
    repositories: [
      ...(ours === null ? [] : [ours]),
      ...bases.map((base) => ({
        ...{ id: base.id, baseurl: base.baseurl, metalink: base.metalink, mirrorlist: base.mirrorlist },
        priority: base.priority,
        ours: false,
        gpgkey: base.gpgkey.map(keyAddress),
        expire: isRemote(base) && !fresh ? METADATA_SECONDS : 0,
      })),
    ],
    requirements: request.requirements,
    packages: request.packages.map(({ name, fullName }) => ({ name, fullName })),
    bringToOurs: request.bringToOurs,
    layers: request.layers,
    layerSalt: request.layerSalt,
  };
}

function keyAddress(key: string): string {
  const path = pathOf(key);
  return path === undefined ? key : `file://${keyInJail(path)}`;
}

/** dnf's own default, two days; what is on this machine is looked at each time, as that costs next to nothing. */
const METADATA_SECONDS = 172_800;

function readReports(
  reports: readonly DnfReport[],
  exitCode: number,
  run: { seconds: number; words: string; step: string },
): DnfResult {
  const failure = reports.find((report) => report.kind === 'failure') ?? endedByScriptlet(reports, exitCode, run.step);
  if (failure?.kind === 'failure' && failure.reason === 'infrastructure') throw new MachineTrouble(failure.words);
  const resolved = reports.find((report) => report.kind === 'resolved');
  if (failure === undefined && (exitCode !== 0 || resolved === undefined))
    throw new MachineTrouble(`dnf ended with ${exitCode}: ${run.words.trim().split('\n').at(-1) ?? ''}`);
  return {
    added: resolved?.kind === 'resolved' ? resolved.added : [],
    installed: resolved?.kind === 'resolved' ? resolved.installed : [],
    layer: resolved?.kind === 'resolved' ? resolved.layer : null,
    done: reports.some((report) => report.kind === 'installed'),
    failure:
      failure?.kind === 'failure' && failure.reason !== 'infrastructure'
        ? { reason: failure.reason, words: failure.words }
        : null,
    seconds: run.seconds,
  };
}

/** A scriptlet that ends every process it can reach ends dnf too; nobody else in the jail is there to do it. */
function endedByScriptlet(reports: readonly DnfReport[], exitCode: number, step: string): DnfReport | undefined {
  const installing = step !== 'download' && reports.some((report) => report.kind === 'downloaded');
  if (!installing || exitCode <= 128) return undefined;
  const words = `dnf was ended by signal ${exitCode - 128} while scriptlets ran`;
  return { kind: 'failure', reason: 'scriptlet', words };
}

function transcript(reports: readonly DnfReport[], other: string): string {
  const lines = reports.flatMap((report) => {
    if (report.kind === 'resolved') return ['dnf: to install:', ...report.added.map((name) => `  ${name}`)];
    if (report.kind === 'failure') return [`dnf: ${report.words}`];
    return [`dnf: ${report.kind}`];
  });
  return [...lines, ...(other.trim() === '' ? [] : [other.trim()]), ''].join('\n');
}

import { randomBytes } from 'node:crypto';
import { appendToLog } from '../../../lib/index.ts';
import type { Jail, JailRoot, JailRun } from '../../../lib/jail/index.ts';
import type { DebBaseRepository, LocalRepository, Target } from '../../../model/index.ts';
import { ownArchive, SUITE } from '../own-archive.ts';
import { APT_PROGRAM } from './apt-program.ts';
import { addressBinds, debRepositories, isRemote, keyInJail, localBinds } from './base-repositories.ts';
import { fetchFresh, MachineTrouble, stopped } from './outcome.ts';

export interface AptRequest {
  jail: Jail;
  target: Target;
  /** The Debian root to install into. */
  root: JailRoot;
  rootsInside?: JailRun['rootsInside'];
  repository: LocalRepository | null;
  /** apt-get's command and arguments: `build-dep`, a directory; `install`, `name=version`… */
  command: readonly string[];
  /** Whether packages of the root that the repository has in another version are replaced. */
  bringToOurs: boolean;
  /** Digests of results that need not be installed again, because the caller has them. */
  layers: readonly string[];
  layerSalt: string;
  /** Seconds left. */
  timeout: number;
  /** What apt and the maintainer scripts say is appended here. */
  log: string;
}

export interface AptResult {
  /** Full names of what was or would be installed. */
  added: readonly string[];
  /** The digest that names the result over this root; null when there was nothing to do. */
  layer: string | null;
  /** Whether it was installed into the root now. */
  done: boolean;
  failure: { during: 'plan' | 'install'; words: string } | null;
  /** Seconds inside apt. */
  seconds: number;
}

/**
 * Resolves and, unless the result is among `layers`, installs. Fetching has the network and runs no maintainer script; installing has scripts and no
 * network; where all base repositories are on this machine one run does both.
 * @throws MachineTrouble when a base repository cannot be read. @throws LimitReached
 */
export async function runApt(request: AptRequest): Promise<AptResult> {
  if (!debRepositories(request.target).some(isRemote)) return runStep(request, 'all');
  const fetched = await fetchFresh((fresh) => runStep(request, 'download', fresh));
  if (fetched.failure !== null || fetched.layer === null || request.layers.includes(fetched.layer)) return fetched;
  const installed = await runStep({ ...request, timeout: request.timeout - fetched.seconds }, 'install');
  return { ...installed, seconds: fetched.seconds + installed.seconds };
}

async function runStep(request: AptRequest, step: 'all' | 'download' | 'install', fresh = false): Promise<AptResult> {
  const { repository, target } = request;
  const ours = repository === null ? { line: '', pin: `n=${SUITE}` } : await ownArchive(repository);
  const mark = randomBytes(12).toString('hex');
  const result = await request.jail.run(['/bin/sh', '-c', APT_PROGRAM, 'sh', ...request.command], {
    root: request.root,
    rootsInside: request.rootsInside ?? [],
    binds: [...addressBinds(target), ...localBinds(repository)],
    user: 'root',
    network: step === 'download',
    env: {
      MARK: mark,
      STEP: step,
      FRESH: fresh ? '1' : '0',
      LOCAL: ours.line,
      REPOSITORY: repository?.path ?? '',
      PIN: ours.pin,
      BASES: debRepositories(target).flatMap(sourceLines).join('\n'),
      REPLACE: request.bringToOurs ? '1' : '0',
      LAYERS: request.layers.join(' '),
      SALT: request.layerSalt,
    },
    timeout: request.timeout,
  });
  await appendToLog(request.log, `${result.stderr}\n`);
  stopped(result, 'resolving and installing packages');
  const lines = result.stdout.split('\n').filter((line) => line.startsWith(mark));
  return readAnswers(
    lines.map((line) => line.slice(mark.length)),
    result,
  );
}

function readAnswers(
  answers: readonly string[],
  result: { stderr: string; exitCode: number; seconds: number },
): AptResult {
  const said = (word: string) =>
    answers.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  // A maintainer script that ends every process it can reach ends apt too; nobody else in the jail is there to do it.
  const ended = answers.at(-1) === 'installing' && result.exitCode > 128;
  const failed = ended ? 'install' : said('failed')[0];
  const words = ended
    ? `apt was ended by signal ${result.exitCode - 128} while maintainer scripts ran`
    : complaints(result.stderr);
  if (failed === 'update' || failed === 'fetch' || (failed === 'install' && fetchingFailed(result.stderr)))
    throw new MachineTrouble(words);
  if (failed === undefined && result.exitCode !== 0)
    throw new MachineTrouble(`apt ended with ${result.exitCode}: ${words}`);
  return {
    added: said('plan').flatMap(installedName),
    layer: said('layer')[0] ?? null,
    done: answers.includes('installed'),
    failure: failed === 'plan' || failed === 'install' ? { during: failed, words } : null,
    seconds: result.seconds,
  };
}

/** `Inst name [old] (version archive [arch])` as a full name. */
function installedName(line: string): string[] {
  const [, name, version, arch] = /^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) .*\[([a-z0-9-]+)\]\)/.exec(line) ?? [];
  return name === undefined ? [] : [`${name.replace(/:.*/, '')}_${version ?? ''}_${arch ?? ''}`];
}

/** Before dpkg has started, what apt says is apt's own and not a maintainer script's. */
function fetchingFailed(words: string): boolean {
  const [before = ''] = words.split(/^(?:Selecting previously|\(Reading database|Preparing to unpack)/m);
  return /^(E: Failed to fetch|Err:\d)/m.test(before);
}

/** What apt and dpkg say of a failure, in one line: the unmet dependencies if there are any, else what they call errors. */
export function complaints(words: string): string {
  const lines = words.split('\n').map((line) => line.trimEnd());
  const from = lines.indexOf('The following packages have unmet dependencies:');
  const after = from < 0 ? [] : lines.slice(from + 1);
  const unmet = after.slice(
    0,
    after.findIndex((line) => !line.startsWith(' ')),
  );
  const errors = lines.filter(
    (line, n) =>
      /^(E: |dpkg: error|Err:)/.test(line) || ((lines[n - 1] ?? '').startsWith('dpkg: error') && line.startsWith(' ')),
  );
  const chosen = unmet.length > 0 ? unmet : errors.length > 0 ? errors : lines.slice(-3);
  return chosen.map((line) => line.trim().replaceAll(/\s+/g, ' ')).join('; ');
}

/** Base repositories as lines of sources.list(5). */
export function sourceLines(repository: DebBaseRepository): string[] {
  const options = [
    ...(repository.trusted ? ['trusted=yes'] : []),
    ...(repository.signedBy === null ? [] : [`signed-by=${keyInJail(repository.signedBy)}`]),
  ];
  const given = options.length === 0 ? '' : ` [${options.join(' ')}]`;
  return repository.suites.map((suite) => `deb${given} ${repository.uri} ${suite} ${repository.components.join(' ')}`);
}

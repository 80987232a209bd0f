import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TrunklineError } from '../errors.ts';
import { writeAtomic } from '../files.ts';
import { redact } from '../redact.ts';
import { lastLines, ProcessError, run } from '../run.ts';
import { localPath, type Transport } from './address.ts';
import { askOverHttp } from './ask-http.ts';
import { git, limitedFiles, type GitOptions, type Repository } from './command.ts';
import { isCommitHash } from './names.ts';
import { digestOfTips, parseListing } from './tips.ts';

export interface FetchOptions {
  signal?: AbortSignal;
  /** Milliseconds for the whole fetch. Default 15 minutes. */
  timeout?: number;
  /** Bytes one fetch may bring. Default 16 GiB. */
  maxBytes?: number;
}

export interface Remote extends Repository {
  readonly url: string;
  readonly transport: Transport;
  /** Where it is fetched from in place of `url`: another mirror of the same repository. */
  readonly origin?: Origin;
  /** Whether a person chose the address: then a local repository may belong to another user of this machine. */
  readonly chosen: boolean;
}

/** A mirror on a server of ours. */
export interface Origin {
  url: string;
  transport: Transport;
  /** Sent with every request, secrets among them. */
  headers: readonly string[];
}

const DEFAULT_TIMEOUT = 15 * 60_000;
/** Milliseconds in which a remote has to say what it has. */
const TIPS_TIMEOUT = 60_000;
const DEFAULT_MAX_BYTES = 16 * 1024 ** 3;
/** Exit code of flock(1) when others held the lock all the time. */
const LOCK_TIMEOUT = 75;
const PACKS_BEFORE_REPACK = 40;

/** No transport weaker than the one asked for: https never leads to http, and no redirection to a local path. */
const TRANSPORTS: Readonly<Record<Transport, readonly string[]>> = {
  https: ['https'],
  http: ['http', 'https'],
  ssh: ['ssh'],
  git: ['git'],
  file: ['file'],
};

/**
 * What git checks of fetched objects (`fetch.fsckObjects`), less what old but harmless histories are full of, and less what concerns checkouts and
 * `.gitmodules`: nothing is ever checked out here, and a bad submodule address, once in the history, must not stop the project for good.
 */
const IGNORED_FINDINGS = [
  'badDate',
  'badDateOverflow',
  'badEmail',
  'badTimezone',
  'gitattributesBlob',
  'gitattributesLarge',
  'gitattributesLineLength',
  'gitmodulesBlob',
  'gitmodulesLarge',
  'gitmodulesName',
  'gitmodulesPath',
  'gitmodulesSymlink',
  'gitmodulesUpdate',
  'gitmodulesUrl',
  'missingAuthor',
  'missingEmail',
  'missingNameBeforeEmail',
  'missingSpaceBeforeDate',
  'missingSpaceBeforeEmail',
  'multipleAuthors',
  'nulInCommit',
  'zeroPaddedDate',
  'zeroPaddedFilemode',
];

/** Where the mirror keeps what HEAD means in the repository: its default branch. */
export const REMOTE_HEAD = 'refs/trunkline/HEAD';
const NO_HEAD = "couldn't find remote ref HEAD";

/** Branches and tags, forced and deleted ones too. */
export async function fetchAll(remote: Remote, options: FetchOptions): Promise<void> {
  const refspecs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
  try {
    // A mirror has no HEAD of its own.
    if (remote.origin !== undefined) await fetchRefs(remote, refspecs, options);
    else await fetchRefs(remote, [...refspecs, `+HEAD:${REMOTE_HEAD}`], options);
  } catch (error) {
    // An empty repository has no HEAD, and one whose default branch was deleted neither.
    if (!(error instanceof TrunklineError && error.message.includes(NO_HEAD))) throw error;
    await fetchRefs(remote, refspecs, options);
    await git(remote, ['update-ref', '-d', REMOTE_HEAD], { launcher: locked(remote) });
  }
  await maintain(remote, options);
}

/**
 * What branches, tags and HEAD the remote has, in one digest: two equal ones, and there is nothing to fetch. Costs the remote and us far less than a
 * fetch. @throws TrunklineError `project_unreachable`, `source_invalid`
 */
export async function remoteTips(remote: Remote, options: FetchOptions): Promise<string> {
  const timeout = Math.min(options.timeout ?? DEFAULT_TIMEOUT, TIPS_TIMEOUT);
  const { signal } = options;
  // A process for each look is what a thousand projects would cost most.
  const refs =
    remote.origin === undefined ? await askOverHttp(remote.url, { timeout, ...(signal && { signal }) }) : null;
  if (refs !== null) return digestOfTips(refs);
  try {
    const { stdout } = await git(
      remote,
      ['ls-remote', '--quiet', '--', 'origin', 'HEAD', 'refs/heads/*', 'refs/tags/*'],
      {
        ...(await accessTo(remote)),
        timeout,
        ...(signal && { signal }),
      },
    );
    return digestOfTips(parseListing(stdout));
  } catch (error) {
    throw fetchError(error, remote, options);
  }
}

/** One commit, kept under a reference of our own. */
export async function fetchCommit(remote: Remote, hash: string, options: FetchOptions): Promise<void> {
  if (!isCommitHash(hash)) throw new TrunklineError('invalid_argument', `${JSON.stringify(hash)} is no commit hash`);
  await fetchRefs(remote, [`+${hash}:refs/trunkline/commits/${hash}`], options);
}

async function fetchRefs(remote: Remote, refspecs: readonly string[], options: FetchOptions): Promise<void> {
  await removeLeftovers(remote, options);
  const { config, ...access } = await accessTo(remote);
  const args = ['--quiet', '--prune', '--force', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
  try {
    await git(remote, ['fetch', ...args, '--no-auto-maintenance', '--', 'origin', ...refspecs], {
      launcher: [...locked(remote), ...limitedFiles(options.maxBytes ?? DEFAULT_MAX_BYTES)],
      config: [
        ...config,
        ['fetch.fsckObjects', 'true'],
        // Always a pack, never thousands of loose files.
        ['fetch.unpackLimit', '1'],
        ['fetch.writeCommitGraph', 'true'],
        ...IGNORED_FINDINGS.map((finding) => [`fetch.fsck.${finding}`, 'ignore'] as const),
      ],
      ...access,
      timeout: options.timeout ?? DEFAULT_TIMEOUT,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (error) {
    throw fetchError(error, remote, options);
  }
}

/** How git reaches the remote. The address may hold a password; the environment is ours alone, where a command line is everybody's. */
async function accessTo(remote: Remote): Promise<Required<Pick<GitOptions, 'config' | 'transports' | 'env'>>> {
  return {
    config: [
      ['remote.origin.url', remote.origin?.url ?? remote.url],
      ...(remote.origin?.headers ?? []).map((header) => ['http.extraHeader', header] as const),
      ['http.lowSpeedLimit', '1000'],
      ['http.lowSpeedTime', '60'],
    ],
    transports: TRANSPORTS[remote.origin?.transport ?? remote.transport],
    env: await ownerConfiguration(remote),
  };
}

/** flock(1) gives its lock to the program it becomes, so that no lock outlives the git that holds it, however that ends. */
function locked(remote: Repository): string[] {
  const wait = String(DEFAULT_TIMEOUT / 1000);
  return [
    'flock',
    '--exclusive',
    '--no-fork',
    '--wait',
    wait,
    '-E',
    String(LOCK_TIMEOUT),
    join(remote.path, 'trunkline.flock'),
  ];
}

/** Removes what a killed git left behind. Whoever writes to a mirror holds the flock, so under it every lock file of git's is a dead one's. */
async function removeLeftovers(remote: Remote, options: FetchOptions): Promise<void> {
  const leftovers = ['(', '-name', '*.lock', '-o', '-path', '*/objects/*/tmp_*', ')'];
  const command = [...locked(remote), 'find', remote.path, '-type', 'f', ...leftovers, '-delete'];
  try {
    await run(command as [string, ...string[]], {
      timeout: DEFAULT_TIMEOUT,
      okExitCodes: [0, 1],
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (error) {
    throw fetchError(error, remote, options);
  }
}

/** git refuses a local repository of another user unless told that this is meant; upload-pack hears it only from a global file. */
async function ownerConfiguration(remote: Remote): Promise<Record<string, string>> {
  const path = localPath(remote.url);
  if (path === undefined || !remote.chosen) return {};
  const file = join(remote.path, 'trunkline-owner.config');
  const directories = [path, `${path.replace(/\/+$/, '')}/.git`].map(
    (directory) => `\tdirectory = "${directory.replace(/[\\"]/g, '\\$&')}"\n`,
  );
  await writeAtomic(file, `[safe]\n${directories.join('')}`, { mode: 0o600 });
  return { GIT_CONFIG_GLOBAL: file };
}

/**
 * Joins packs and references when there are many. Nothing that cannot be reached is dropped: a force-pushed commit that was built stays.
 * A failure is none of the caller's: the mirror is whole, and the next fetch tries again.
 */
async function maintain(remote: Remote, { signal }: FetchOptions): Promise<void> {
  const packs = (await readdir(join(remote.path, 'objects/pack'))).filter((name) => name.endsWith('.pack')).length;
  const loose = (await readdir(join(remote.path, 'refs/tags'))).length;
  const options = { launcher: locked(remote), ...(signal === undefined ? {} : { signal }) };
  try {
    if (packs > PACKS_BEFORE_REPACK) await git(remote, ['repack', '--quiet', '--geometric=2', '-d'], options);
    if (packs > PACKS_BEFORE_REPACK || loose > 50) await git(remote, ['pack-refs', '--all'], options);
  } catch (error) {
    if (!(error instanceof ProcessError)) throw error;
  }
}

/** A failed fetch in words that say what to do. Passwords in addresses are left out. */
function fetchError(error: unknown, remote: Remote, options: FetchOptions): unknown {
  if (!(error instanceof ProcessError) || error.code === 'missing_tool' || options.signal?.aborted) return error;
  const where = redact(remote.url);
  const said = redact(lastLines(error.stderr, 6));
  const make = (
    code: 'project_unreachable' | 'source_invalid' | 'no_space' | 'unsupported',
    what: string,
    hint: string,
  ) => new TrunklineError(code, `${what}: ${said === '' ? error.message : said}`, { where, hint, cause: error });
  if (error.exitCode === LOCK_TIMEOUT)
    return make('project_unreachable', 'Another process kept fetching', 'wait for it to end, or end it');
  if (error.timedOut)
    return make(
      'project_unreachable',
      'The fetch took too long',
      'the next run continues; check the network and the size of the repository',
    );
  for (const [pattern, code, what, hint] of KNOWN_FAILURES)
    if (pattern.test(error.stderr)) return make(code, what, hint);
  return make(
    'project_unreachable',
    'The repository cannot be fetched',
    'check the URL, the network and who may read it; the next run tries again',
  );
}

const KNOWN_FAILURES = [
  [
    /No space left on device|Disk quota exceeded/,
    'no_space',
    'No space to fetch',
    'free space or move data_dir, then run again',
  ],
  [/File too large/, 'source_invalid', 'The repository is larger than allowed', 'look at what was pushed'],
  [
    /mismatched algorithms/,
    'unsupported',
    'The repository has SHA-256 object names',
    'only SHA-1 repositories can be mirrored; git cannot convert them',
  ],
  [
    /detected dubious ownership/,
    'source_invalid',
    'The local repository belongs to another user',
    'change its owner, or give it a URL instead of a path',
  ],
  [
    /not our ref|unadvertised object/,
    'source_invalid',
    'The server does not give that commit',
    'push it to a branch or tag of the repository',
  ],
  [
    /fsck error|badObject|error in (tree|commit|tag|blob) [0-9a-f]{40}|inflate:|corrupt/,
    'source_invalid',
    'The repository has damaged objects',
    'run `git fsck` in it and repair what it names',
  ],
  [
    /could not read Username|Authentication failed|Permission denied|Host key verification failed/,
    'project_unreachable',
    'The repository does not let us in',
    'nobody is asked for a password: put a token into the URL, or give the user that runs trunkline an ssh key and the known host',
  ],
] as const;

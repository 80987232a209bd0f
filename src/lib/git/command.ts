import { run, type RunOptions, type RunResult } from '../run.ts';

/** A bare repository on this machine that belongs to us: every reference and every line of its configuration was written by us. */
export interface Repository {
  readonly path: string;
  /** Further object directories to read from: other repositories' `objects`. */
  readonly alternates?: readonly string[];
}

export interface GitOptions extends RunOptions {
  /** Configuration of this one call, later ones winning; a key may come twice. */
  config?: readonly (readonly [key: string, value: string])[];
  /** Transports git may use in this call. Default none: nothing is fetched by accident. */
  transports?: readonly string[];
  /** Programs that start git, with their options: `flock`, `prlimit`. */
  launcher?: readonly string[];
}

/**
 * Configuration that holds in every call. It is handed over in the environment, which outranks every file, and which other users cannot read.
 * `gpg.*`: `$Format:%G?$` in a hostile tree makes git-archive verify signatures. `core.abbrev`: without it the length of `%h` depends on how many
 * objects a mirror happens to hold. `tar.umask`: modes in an archive must not depend on who makes it.
 */
const CONFIG: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['core.excludesFile', '/dev/null'],
  ['core.askPass', '/bin/false'],
  ['core.abbrev', '12'],
  ['core.quotePath', 'false'],
  ['core.logAllRefUpdates', 'false'],
  ['core.bigFileThreshold', '32m'],
  ['credential.helper', ''],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['gpg.program', '/bin/false'],
  ['gpg.x509.program', '/bin/false'],
  ['gpg.ssh.program', '/bin/false'],
  ['log.showSignature', 'false'],
  ['i18n.logOutputEncoding', 'UTF-8'],
  ['submodule.recurse', 'false'],
  ['tar.umask', '0022'],
];

/** What git needs of our own environment to reach the network: proxies, an agent, certificates. Nothing else is passed on. */
const NETWORK_VARIABLES = [
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTPS_PROXY',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'SSH_AUTH_SOCK',
];

/**
 * Runs git on `repository` with an environment in which nobody else's configuration, hook, credential, attribute, replaced object or prompt counts,
 * and pathspecs are taken literally.
 * @throws ProcessError
 */
export async function git(
  repository: Repository,
  args: readonly string[],
  options: GitOptions = {},
): Promise<RunResult> {
  const { config, transports, launcher, ...rest } = options;
  const command = [...(launcher ?? []), 'git', ...args] as [string, ...string[]];
  return run(command, {
    timeout: 10 * 60_000,
    maxOutput: 256 * 1024 ** 2,
    ...rest,
    cwd: rest.cwd ?? '/',
    env: { ...gitEnvironment(repository, config ?? [], transports ?? []), ...rest.env },
  });
}

/** Starts a program that can write no file larger than `bytes`. Ignoring the signal makes it say `File too large` instead of dying without a word. */
export function limitedFiles(bytes: number): string[] {
  return ['env', '--ignore-signal=XFSZ', 'prlimit', `--fsize=${bytes}`, '--'];
}

/** The environment in which git runs on a repository of ours. */
export function gitEnvironment(
  repository: Repository,
  config: readonly (readonly [string, string])[],
  transports: readonly string[],
): Record<string, string> {
  const environment: Record<string, string> & { GIT_CONFIG_COUNT?: string } = {
    HOME: '/nonexistent',
    GIT_DIR: repository.path,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    SSH_ASKPASS_REQUIRE: 'never',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes -oConnectTimeout=20 -oServerAliveInterval=15 -oServerAliveCountMax=4',
    GIT_SSH_VARIANT: 'ssh',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_ALTERNATE_OBJECT_DIRECTORIES: (repository.alternates ?? []).map(quoted).join(':'),
    GIT_ALLOW_PROTOCOL: transports.length === 0 ? 'none' : transports.join(':'),
  };
  if (transports.length > 0)
    for (const name of NETWORK_VARIABLES) {
      const value = process.env[name];
      if (value !== undefined) environment[name] = value;
    }
  const all = [...CONFIG, ...config];
  environment.GIT_CONFIG_COUNT = String(all.length);
  for (const [n, [key, value]] of all.entries()) {
    environment[`GIT_CONFIG_KEY_${n}`] = key;
    environment[`GIT_CONFIG_VALUE_${n}`] = value;
  }
  return environment;
}

/** A directory of `GIT_ALTERNATE_OBJECT_DIRECTORIES`, where a colon separates and a C string in double quotes is one entry (git(1)). */
function quoted(directory: string): string {
  return `"${directory.replace(/[\\"]/g, '\\$&')}"`;
}

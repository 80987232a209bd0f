import type { FormatName, FailureReason } from '../words.ts';
import type { Target } from '../target.ts';
import type { StagedSource } from './format.ts';

/** What a builder is and can do, as data. */
export interface BuilderCapabilities {
  name: string;
  formats: readonly FormatName[];
  /** How far hostile code is kept in: `namespaces` as DESIGN 7, `chroot` as far as the named tool goes. */
  isolation: 'namespaces' | 'chroot';
  /** Whether untrusted projects may be built with it. */
  untrusted: boolean;
}

/** A repository on this machine that outranks the base repositories: a directory in the published form. */
export interface LocalRepository {
  /** Absolute path of the top of the repository. */
  path: string;
  /** Absolute paths outside `path` that links in it lead to (the package pool), bound read-only at the same place. */
  also: readonly string[];
}

export interface Readiness {
  /** What is missing, each with the command that gets it. Empty: ready. */
  missing: readonly { what: string; remedy: string }[];
}

export type PreparePhase = (message: string) => void;

export interface BuildRequest {
  target: Target;
  source: StagedSource;
  /** Our snapshot; null when the target's repository is still empty. */
  repository: LocalRepository | null;
  /** Where to leave the packages; exists and is empty. */
  output: string;
  /** Directory for `build.log`, `root.log` and the like; exists. `build.log` grows while it builds. */
  logs: string;
  signal: AbortSignal;
}

/** What came of a build; a failure is an outcome, not an exception. */
export interface BuildOutcome {
  ok: boolean;
  reason: FailureReason | null;
  /** One line in the words of the tool that refused, or null. */
  detail: string | null;
  /** Paths of what was built, source packages included. deb: the files the dsc names are among them. */
  files: readonly string[];
  /** Full names of the packages in the build root. */
  buildroot: readonly string[];
  /** Seconds by phase. `tool` phases (`resolve`: dnf and apt; `build`: rpmbuild or dpkg-buildpackage itself) are told from the rest. */
  timings: Readonly<Record<string, number>>;
}

export interface VerifyRequest {
  target: Target;
  /** The repository as it is about to be published. */
  repository: LocalRepository;
  /** Names (not versions) of the packages to install together. */
  packages: readonly { name: string; version: string; arch: string; fullName: string }[];
  /** The transcript is appended to `<logs>/install.log`. */
  logs: string;
  signal: AbortSignal;
}

export interface VerifyOutcome {
  ok: boolean;
  /** `install_failed`, or `infra_error` or `timeout` when nothing can be said of the packages. */
  reason: FailureReason | null;
  /** The resolver's own words. */
  detail: string | null;
  /** Full names of all packages the transaction installed, base repositories' included. */
  installed: readonly string[];
  timings: Readonly<Record<string, number>>;
}

export interface Builder {
  readonly capabilities: BuilderCapabilities;
  /** The builder's own version, recorded with each build. */
  version(): Promise<string>;
  /** What is missing on this machine to build for `target`; quick, changes nothing. */
  check(target: Target): Promise<Readiness>;
  /** Makes or refreshes what builds for `target` start from. Without `refresh`, does nothing when it is there. @throws TrunklineError `target_not_ready`. */
  prepare(target: Target, options: { refresh: boolean; report: PreparePhase; signal: AbortSignal }): Promise<void>;
  build(request: BuildRequest): Promise<BuildOutcome>;
  /** Installs packages in a clean root from a repository; the root is thrown away. */
  verifyInstall(request: VerifyRequest): Promise<VerifyOutcome>;
  /** Removes what a killed run left behind (directories, control groups). Called once at start-up, with no build running. */
  recover(): Promise<void>;
}

import type { FormatName } from './words.ts';

/** A branch of a git repository, with what of it is meant. */
export interface GitBranch {
  url: string;
  branch: string;
}

/** A packaging repository (distgit). `path` is the directory in it that holds the spec file or the directory `debian/`; '' is its top. */
export interface Packaging extends GitBranch {
  path: string;
}

/** Where a project's version comes from; see `planVersion`. */
export interface VersionRule {
  /** `tags`: the highest reachable version tag. `pep440`: the project's own metadata. `script`: what a program of the project prints. */
  from: 'tags' | 'pep440' | 'script';
  /** The program of `from: script`, run in the sandbox at the top of the upstream tree; its last line is the version. */
  script: readonly string[];
  /** The package's epoch, or null for none. Raising it is how a history that went downwards is ordered again. */
  epoch: number | null;
  /** Regular expression with one group: which tags are version tags, and which part of them is the version. null: the built-in rule. */
  tagPattern: string | null;
}

/** How a project's source tarball is made. */
export interface SourceRule {
  /** `archive`: git archive of the commit. `command`: the project's own sdist command, run in the sandbox. */
  from: 'archive' | 'command';
  /** For `from: command`: run at the top of the upstream tree; leaves exactly one tarball in `$TRUNKLINE_OUT`. */
  command: readonly string[];
  /** Whether submodules at the commit are put into the tarball. */
  submodules: boolean;
}

/** One thing to package: an upstream repository and a packaging repository per format. */
export interface Project {
  name: string;
  upstream: GitBranch;
  packaging: Partial<Record<FormatName, Packaging>>;
  /** Mail addresses told of the first failure and of the recovery. */
  maintainers: readonly string[];
  component: string | null;
  /** Names of the targets it is built for. */
  targets: readonly string[];
  /** Free words to select projects by (rdoinfo's tags). */
  tags: readonly string[];
  version: VersionRule;
  source: SourceRule;
}

import type { Readable, Writable } from 'node:stream';

/** What one jail may use up, all its processes together. */
export interface JailLimits {
  /** Bytes of memory, the files it writes to its roots and /tmp included (they are in memory). */
  memory: number;
  /** Processes and threads at once. */
  processes: number;
  /** Bytes it may write: the size of the file system above its roots. */
  disk: number;
}

export interface JailOptions {
  /** Short name that shows in control groups and logs: `build-17`. Letters, digits, hyphen. */
  label: string;
  limits: JailLimits;
  /** Ends the jail and everything in it when aborted. */
  signal?: AbortSignal;
}

/** A writable root: read-only directories under a throw-away upper layer, in a mount namespace that ends with this process. */
export interface JailRoot {
  readonly id: string;
}

export interface JailBind {
  /** Absolute path on the host. */
  source: string;
  /** Absolute path inside. Parents are made. */
  target: string;
  /**
   * Default false: read-only. A writable directory is given to the run's user, and so is everything in it that belongs to root on the host (so no
   * hard link to a file that must not change hands may lie in it). `limits.disk` does not hold for it.
   */
  writable?: boolean;
}

/** A program that is talked to. */
export interface JailPeer {
  /** Its standard input. */
  input: Writable;
  /** Its standard output; ends with the program. Nothing limits how much that is but its reader. */
  output: Readable;
  /** Whether it keeps this process alive: it does until it is told otherwise. */
  needed(yes: boolean): void;
}

export interface JailRun {
  /**
   * A root from `addRoot` or `addTree`, or `tools`: this machine's own /usr, /bin, /lib* and a minimal /etc, read-only, with no home, no secret and
   * no data directory in it; /var and /run are empty and writable while the run lasts, /var/lib/dpkg is the machine's, read-only.
   */
  root: JailRoot | 'tools';
  binds?: readonly JailBind[];
  /** Mounts another root of this jail inside this one, with /dev and /proc in it: how the host's dnf works on an install root. */
  rootsInside?: readonly { root: JailRoot; target: string }[];
  /** Inside the jail: `root` has uid 0 and the capabilities a package manager needs, mapped to unprivileged host ids; `builder` is uid 1000 with none. */
  user: 'root' | 'builder';
  /** Default false: a network namespace of its own with nothing but its own loopback. True: the machine's network, its loopback included. */
  network?: boolean;
  /** The whole environment, besides PATH, LANG, HOME=/tmp/home and TZ=UTC. */
  env?: Readonly<Record<string, string>>;
  /** Inside. Default `/`. */
  cwd?: string;
  /**
   * Standard input, as a file. A promise: the run is started ahead of its need and gets the bytes through a pipe when they are there; until then its
   * time does not run and it does not keep this process alive. When the promise is rejected, the run is ended (`aborted`).
   */
  input?: string | Uint8Array | Promise<Uint8Array>;
  /**
   * Instead of `input`, and of standard output in the result: called once with the program's ends of both, for questions and answers as long as it
   * runs. The program has to end when its input does.
   */
  talk?: (peer: JailPeer) => void;
  /** Standard output and error, interleaved, are appended here instead of being returned. Not with `talk`. */
  logFile?: string;
  /** How standard output becomes text. `latin1` keeps the bytes: a character each. Default `utf8`. */
  encoding?: 'utf8' | 'latin1';
  /** Bytes of output; more ends the run. Default 16 MiB. */
  maxOutput?: number;
  /** Seconds of wall clock; then every process of the run is ended. */
  timeout: number;
  signal?: AbortSignal;
}

/** Which limit ended a run; null when it ended by itself. `aborted`: the caller's signal. */
export type JailStop = 'time' | 'output' | 'memory' | 'aborted' | null;

export interface JailResult {
  /** 128 + signal number when a signal ended it, 127 when there is no such program. */
  exitCode: number;
  stdout: string;
  stderr: string;
  stop: JailStop;
  /** Seconds of wall clock. */
  seconds: number;
}

export interface Jail {
  /** Mounts an overlay of `lowers` (top first; directories whose files have shifted owners, see `shiftedOwner`) under an empty upper layer. */
  addRoot(lowers: readonly string[]): Promise<JailRoot>;
  /**
   * A directory of this machine as a root, written to directly: for preparing a root that is kept and later a lower of `addRoot`. Files get shifted
   * owners; an empty directory of root's is given to the jail. `limits.disk` does not hold for it.
   */
  addTree(directory: string): Promise<JailRoot>;
  /**
   * This machine's own root under an empty upper layer, so that its package manager can install on top of what is there: its programs (not
   * /usr/local), of /etc what every user may read, the package databases; everything else is empty. What `saveUpper` makes of it is no lower for
   * `addRoot`. @throws TrunklineError `unsupported` where the root's file system cannot map owners (ext4, xfs, btrfs can; overlayfs cannot) or perl is missing.
   */
  addHostRoot(): Promise<JailRoot>;
  /**
   * Copies what was written above a root's lowers to `directory` on the host (overlay form, whiteouts kept), so that it can be a lower of another
   * jail's root. `directory` must not exist.
   */
  saveUpper(root: JailRoot, directory: string): Promise<void>;
  /** Copies a file or the files in a directory out of a root: regular files only, no links followed, at most `maxBytes`. Answers host paths. */
  copyOut(root: JailRoot, path: string, directory: string, maxBytes: number): Promise<string[]>;
  /** Runs one program, no shell. A failure is a result, not an exception; @throws TrunklineError `sandbox_failed` when the jail itself fails. */
  run(command: readonly [string, ...string[]], options: JailRun): Promise<JailResult>;
  /** Ends everything and unmounts. Idempotent. */
  close(): Promise<void>;
  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

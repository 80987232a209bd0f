import type { FormatName } from './words.ts';

/** A repository of the distribution that a target builds on. At least one of the three addresses is given. */
export interface RpmBaseRepository {
  kind: 'rpm';
  id: string;
  baseurl: readonly string[];
  metalink: string | null;
  mirrorlist: string | null;
  /** Keys as URLs or absolute paths; none means packages are not checked. */
  gpgkey: readonly string[];
  /** dnf's: lower wins; our snapshot has 1, a base repository 99 unless said otherwise. */
  priority: number;
}

export interface DebBaseRepository {
  kind: 'deb';
  id: string;
  /** What stands before the suite in a deb line: `http://…`, `https://…` or `file:///…`. */
  uri: string;
  suites: readonly string[];
  components: readonly string[];
  /** A keyring's absolute path, or null for the host's own keyrings. */
  signedBy: string | null;
  /** `[trusted=yes]`: do not check signatures (local repositories). */
  trusted: boolean;
}

export type BaseRepository = RpmBaseRepository | DebBaseRepository;

/** What hostile code may use up. Enforced by cgroups, mounts and clocks, whatever the code does. */
export interface Limits {
  /** Bytes of memory. */
  memory: number;
  /** Processes and threads at once. */
  processes: number;
  /** Bytes it may write (the size of the file system it writes to). */
  disk: number;
  /** Seconds of wall clock for one build. */
  time: number;
  /** Bytes of log; more ends the build. */
  output: number;
}

/** What a package is built for: distribution, release, architecture, format and builder. */
export interface Target {
  /** `fedora-43-x86_64`, `debian-12-amd64`. */
  name: string;
  format: FormatName;
  /** A builder's registered name: `sandbox`, `mock`, `sbuild`. */
  builder: string;
  /** The format's own word for the architecture: `x86_64`, `amd64`. */
  arch: string;
  /** RPM's `%{dist}` with its dot, as `.fc43`; '' for none or for deb. */
  dist: string;
  baseRepositories: readonly BaseRepository[];
  /** The sandbox builder's root. `prepared`: made from the base repositories. `host`: this machine's own programs. */
  root: 'prepared' | 'host';
  /** Packages a prepared build root starts from, before any build requirement: mock's `chroot_setup_cmd`, Debian's build-essential. */
  buildPackages: readonly string[];
  /** Packages the clean root of the install check starts from. */
  installPackages: readonly string[];
  /** Version form: `caret` is DESIGN 5's default, `dlrn` DLRN's `0.<UTC>.<hash7>.<n>`. deb targets have `caret` only. */
  versionForm: 'caret' | 'dlrn';
  /** How the index files of its repository are compressed. */
  compression: 'gzip' | 'zstd';
  /** deb: seconds for which apt may believe the index of a ref (Valid-Until); null: for ever. */
  validFor: number | null;
  /** deb: the components of its repository, at least one, the first for packages whose Section names none. Empty for rpm. */
  components: readonly string[];
  /** Read over HTTP by those with a grant only: the whole target (`true`), or these refs, as names or patterns with `*`. */
  restricted: boolean | readonly string[];
  /** mock's configuration name or absolute path; null for one made from the base repositories. */
  mockConfig: string | null;
  /** What whoever builds for it has to have besides, all of it. */
  labels: readonly string[];
  limits: Limits;
}

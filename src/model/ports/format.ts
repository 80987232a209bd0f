import type { PackageFile, PackageIdentity } from '../package.ts';
import type { Project } from '../project.ts';
import type { CommitInfo, Revision } from '../revision.ts';
import type { Target } from '../target.ts';
import type { FormatName } from '../words.ts';
import type { PublicKey, Signer } from './signer.ts';

/** A version as one format writes it, from `planVersion`. */
export interface PackageVersion {
  epoch: number | null;
  /** RPM: the Version tag. deb: upstream version (what stands before the last hyphen). */
  version: string;
  /** RPM: the Release tag without `%{?dist}`. deb: Debian revision, or null for a native package. */
  release: string | null;
  /** The base it was derived from, as the tag says it: `1.2.3`. */
  base: string;
}

export interface StageRequest {
  project: Project;
  revision: Revision;
  target: Target;
  /** `native` is the deb source format of the distgit as `readPackaging` found it. */
  version: PackageVersion;
  /** The upstream tarball (gzip), whose one top directory is `topDirectory`. */
  tarball: { path: string; topDirectory: string };
  /** The packaging files as git has them: path relative to the packaging directory → content. Symbolic links have `link` set. */
  packaging: readonly PackagingFile[];
  /** First-parent upstream commits since the last version tag, newest first (at most 100). */
  changelog: readonly CommitInfo[];
  /** Where to put the staged source; exists and is empty. */
  directory: string;
}

export interface PackagingFile {
  path: string;
  content: Uint8Array;
  executable: boolean;
  /** The target of a symbolic link, or null for a regular file. */
  link: string | null;
}

/**
 * A source ready to be packed, as files that nothing has run yet.
 * rpm: `<directory>/<name>.spec` and `<directory>/SOURCES/*`.
 * deb: `<directory>/<source>_<version>.orig.tar.gz` (absent for native), `<directory>/upstream.tar.gz` (native only), `<directory>/debian.tar`
 * (the packaging, with the new changelog in it), `<directory>/top` naming the directory to unpack into.
 */
export interface StagedSource {
  format: FormatName;
  directory: string;
  /** Name of the source package. */
  name: string;
  version: PackageVersion;
  /** rpm: the spec's file name; deb: the dsc's. */
  mainFile: string;
  topDirectory: string;
  /** deb: whether it is a native package. */
  native: boolean;
}

/** What a packaging directory says of itself before anything of it is run. */
export interface PackagingSummary {
  /** Name of the source package as far as it can be read without expanding macros. */
  name: string;
  /** deb source format `3.0 (native)`. */
  native: boolean;
  /** Epoch stated by the packaging itself, or null. */
  epoch: number | null;
}

/** Capability names without versions; see `orderProjects`. */
export interface PackagingRelations {
  provides: readonly string[];
  requires: readonly string[];
}

/** What the reading of supplements fills in where the packaging leaves it out. */
export interface SupplementsAbout {
  /** Of the target. */
  arch: string;
  /** Seconds since the epoch: the revision's, see `VersionInputs`. */
  utc: number;
  /** The packaging commit. */
  distgitCommit: string;
}

/**
 * What a project's packaging says of the repository besides its packages, by name, checked and in a form of the format's own. RPM: `comps`, `modules`.
 * Equal texts say the same.
 */
export type Supplements = Readonly<Record<string, string>>;

/** A supplement of one project, and the project's packages in the repository. */
export interface Supplied {
  project: string;
  text: string;
  packages: readonly { name: string; fullName: string; kind: 'binary' | 'source' }[];
}

/** A package's own entry in each index file of a repository: index name (`primary`, `Packages`…) → text. Computed once per digest. */
export type IndexFragment = Readonly<Record<string, string>>;

/** A package as it stands in a snapshot. `href` is relative to the repository's top. */
export interface IndexEntry {
  fragment: IndexFragment;
  href: string;
}

/** What a file that stands for others (a `.dsc`, a `.changes`) names beside itself, unproved. */
export interface FileList {
  /** The source package it is about. */
  source: string;
  files: readonly { fileName: string; sha256: string; size: number }[];
}

export interface ClientFile {
  fileName: string;
  content: string;
}

/** Where a format's index lies, and what a signature is called. */
export interface IndexLayout {
  /** The top directory of the index: `repodata`, `dists`. */
  directory: string;
  /**
   * A directory below the top in which clients look for index files by digest, for each index; null where the files carry their digest in their names.
   * Then the index of a ref is its own and freshly dated with every move (DESIGN 3).
   */
  byHash: ((index: AssembledIndex) => string) | null;
  /** Signatures of the file that names all others, by path below the top. */
  signatures: (path: string) => readonly { path: string; form: 'armored' | 'clearsigned' }[];
  /** Where the public key stands for clients that look beside the signature (zypper), or null. */
  keyPath: string | null;
}

/** What differs between RPM and deb, and nothing else. Everything that reads hostile bytes runs confined. */
export interface PackageFormat {
  readonly name: FormatName;
  /** @throws TrunklineError `source_invalid` with file and line when there is no spec / debian directory, or two, or it cannot be read. */
  readPackaging(files: readonly PackagingFile[]): PackagingSummary;
  /** What the packaging says its packages provide and need. @throws TrunklineError `source_invalid` when it cannot be read. */
  readRelations(files: readonly PackagingFile[]): Promise<PackagingRelations>;
  /** What the packaging says of the repository. @throws TrunklineError `source_invalid` with file and line for what cannot be taken. */
  readSupplements(files: readonly PackagingFile[], about: SupplementsAbout): Promise<Supplements>;
  /** The index files of what projects supply; one is there where a project supplies its kind. */
  readonly wholeParts: readonly WholePart[];
  /** Writes the source to `request.directory`. @throws TrunklineError `source_invalid` naming what is wrong. */
  stageSource(request: StageRequest): Promise<StagedSource>;
  /** The files that a file of that name lists beside itself; null when it is none that lists others. @throws TrunklineError `package_invalid`. */
  readList(path: string): Promise<FileList | null>;
  /** The file names under which a package of this identity is passed around, its canonical one first: some tools write the epoch. */
  fileNames(identity: PackageIdentity): readonly string[];
  /** Reads built files. Files that are no packages of this format are left out. @throws TrunklineError `package_invalid` for damaged or lying ones. */
  identify(paths: readonly string[]): Promise<PackageFile[]>;
  /**
   * Formats whose packages carry their own signature (RPM): signed copies of `files`, identified anew, in the order given, in `directory`, which
   * exists. Signatures they came with are replaced; name, header and content stay, byte for byte.
   * @throws TrunklineError `package_invalid` naming a file that is damaged or lies, `signing_failed` when the key cannot sign.
   */
  sign?(files: readonly PackageFile[], signer: Signer, directory: string): Promise<PackageFile[]>;
  /** Changes whenever a fragment of the same package would become another: kept ones are then made again. */
  readonly fragmentVersion: number;
  /**
   * Formats whose packages carry their own signature: what is wrong with that of each file, in the tool's words, or null where one of the keys made
   * it; in the order given.
   */
  signatureProblems?(files: readonly PackageFile[], keys: readonly PublicKey[]): Promise<(string | null)[]>;
  /** The index fragments of packages, in the order given. */
  fragments(files: readonly PackageFile[]): Promise<IndexFragment[]>;
  /** The components of a repository that has these index files, in their order; none in a format without components (RPM). */
  componentsOf(indices: readonly Pick<AssembledIndex, 'id'>[]): readonly string[];
  /** The component that a package asks to stand in and a repository of these `components` does not have; null where it can stand there. */
  missingComponent(fragment: IndexFragment, components: readonly string[]): string | null;
  /** The index files of a repository, each once. In a format with components a package stands in the files of its own. */
  indexParts(options: { architectures: readonly string[]; components: readonly string[] }): readonly IndexPart[];
  /** Where an index file stands below the repository's top. */
  indexPath(index: AssembledIndex): string;
  /** The file that names all others (repomd.xml, Release), which signatures are made of; its path is below the repository's top. */
  indexOfIndices(indices: readonly AssembledIndex[], options: IndexOptions): { path: string; content: string };
  readonly layout: IndexLayout;
  /**
   * What a user puts on a machine to install from the repository at `url`. `name` is the section and the file name; `origin` what its index was
   * written with (apt pins by it), `name` by default; `mirrorlist` is where dnf asks for the address instead; `keys` are the armored public keys,
   * all in one text, and where they can be fetched; without them the client is told to do without signatures. `components` are those of the
   * repository (`componentsOf`), apt's `main` by default.
   */
  clientFiles(repository: {
    name: string;
    url: string;
    description: string;
    mirrorlist?: string;
    origin?: string;
    keys?: { url: string; armored: string } | null;
    components?: readonly string[];
  }): ClientFile[];
}

export interface IndexOptions {
  /** Seconds since the epoch: when the index was made, as it says. */
  time: number;
  /** Seconds after which clients shall not believe it any more, or null. apt only. */
  validFor?: number | null;
  /** Whether index files can be had by digest. Default true. apt only. */
  byHash?: boolean;
  /** Architectures of the target: `['amd64']`. */
  architectures: readonly string[];
  origin: string;
}

/** One index file of a repository as it is put together: a head, an entry for each package that stands in it, a tail. */
export interface IndexPart {
  /** `primary`, `main/binary-amd64/Packages`: unique in a repository. */
  readonly id: string;
  /** A package's entry; '' where it does not stand in this file. @throws TrunklineError `package_invalid` */
  entry(entry: IndexEntry): string;
  head(packages: number): string;
  readonly tail: string;
}

/** One index file that is made as a whole from what projects supply. */
export interface WholePart {
  /** `group`, `modules`: unique in a repository, and among `IndexPart`s. */
  readonly id: string;
  /** The supplement it is made of. */
  readonly supplement: string;
  /** The file's text; `supplied` is not empty, and in an order that follows from it alone. */
  readonly text: (supplied: readonly Supplied[]) => string;
  /** Names that no two projects may supply, each with a word of what it is. */
  readonly owned: (text: string) => readonly string[];
}

/** How index files are compressed. Both can be put together from parts compressed one by one. */
export type Compression = 'gzip' | 'zstd';

/** An index file that has been put together: its digests in hexadecimal, its sizes in bytes. */
export interface AssembledIndex {
  id: string;
  compression: Compression;
  open: { sha256: string; size: number };
  closed: { sha256: string; size: number };
}

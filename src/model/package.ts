import type { FormatName } from './words.ts';

/** One relation in the format's own notation: `libfoo(x86-64) >= 1.2`, `libc6 (>= 2.36)`. */
export type Relation = string;

/** What a built package says of itself, read from its header or control file in the sandbox. */
export interface PackageIdentity {
  format: FormatName;
  /** `binary` is installable; `source` is an SRPM or a dsc. */
  kind: 'binary' | 'source';
  name: string;
  /** Epoch as a string of digits, or null. */
  epoch: string | null;
  version: string;
  /** RPM release or Debian revision; null for a Debian native package. */
  release: string | null;
  /** `x86_64`, `noarch`, `amd64`, `all`, and `src` or `source` for source packages. */
  arch: string;
  /** The name of the source package it was built from. */
  sourceName: string;
  /** NEVRA (`name-epoch:version-release.arch`) or `name_version_arch`. Unique in a target. */
  fullName: string;
  /** The file name it is published under: the format's canonical one, never what the builder called the file. */
  fileName: string;
  summary: string;
  provides: readonly Relation[];
  requires: readonly Relation[];
}

/** A package file that lies somewhere on this machine. */
export interface PackageFile {
  path: string;
  identity: PackageIdentity;
  sha256: string;
  /** Bytes. */
  size: number;
  /** deb source packages: the files the dsc names, which lie beside it. Empty otherwise. */
  companions: readonly { path: string; fileName: string; sha256: string; size: number }[];
}

/** A package as it was published, once and for good: named by its digest, its full name unique in the target. */
export interface PublishedPackage {
  id: number;
  target: string;
  /** The build and the attempt that made it; null for one that was uploaded. */
  buildId: number | null;
  attemptId: number | null;
  /** The upload that brought it; null for one that was built here. */
  uploadId: number | null;
  name: string;
  fullName: string;
  fileName: string;
  arch: string;
  kind: 'binary' | 'source';
  /** Of the file as published (an RPM after signing). */
  sha256: string;
  /** Of the file as the builder left it; the same where nothing was signed. */
  unsignedSha256: string;
  /** Bytes. */
  size: number;
  /** deb source packages: the files the dsc names. Empty otherwise. */
  companions: readonly { fileName: string; sha256: string; size: number }[];
  createdAt: number;
}

/** A file to be taken into a store. */
export interface StoredFile {
  path: string;
  sha256: string;
  /** Bytes. */
  size: number;
  fileName: string;
}

export type StoredGroup = StoredFile & { companions?: readonly StoredFile[] };

/** Content-addressed storage of package files. */
export interface Store {
  readonly name: string;
  /**
   * Takes the file in under its digest (hard link or copy, verified, made durable); where it lies already it is read again, and replaced if
   * it is damaged. Returns its href below the pool.
   * `companions` (the files a dsc names) come to lie beside it, before it, so that what has the file has them too.
   */
  put(file: StoredGroup): Promise<string>;
  /** The same with many files, which costs less than one after the other. */
  putAll(files: readonly StoredGroup[]): Promise<void>;
  /** The href a package has or would have below the pool: `<aa>/<sha256>/<fileName>`. */
  hrefOf(sha256: string, fileName: string): string;
  has(sha256: string, fileName: string): Promise<boolean>;
  /**
   * Takes a damaged file out of the pool, to where it can be looked at; `sha256` is the package's, the file may be one beside it. Answers the path, or null
   * when it is not there.
   */
  quarantine(sha256: string, fileName: string): Promise<string | null>;
  /** Takes a file and what lies beside it away, in one step as far as anybody sees; nothing happens where it is not there. */
  remove(sha256: string): Promise<void>;
  /** Removes leftovers of a killed run. */
  recover(): Promise<void>;
}

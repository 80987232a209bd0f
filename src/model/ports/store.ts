/** Content-addressed storage of package files. */
export interface Store {
  readonly name: string;
  /** Takes the file in under its digest (hard link or copy, verified, made durable); a second time is free. Returns its href below the pool. */
  put(file: { path: string; sha256: string; size: number; fileName: string }): Promise<string>;
  /** The href a package has or would have below the pool: `<aa>/<sha256>/<fileName>`. */
  hrefOf(sha256: string, fileName: string): string;
  has(sha256: string, fileName: string): Promise<boolean>;
  /** Removes leftovers of a killed run. */
  recover(): Promise<void>;
}

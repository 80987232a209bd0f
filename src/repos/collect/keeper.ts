/** A snapshot that something keeps, and why, for people. */
export interface Kept {
  hash: string;
  why: string;
}

/** Something that keeps snapshots of a target from the garbage collector, with all packages in them. Registered by app. */
export interface Keeper {
  readonly name: string;
  /** All snapshots of a target that it keeps. */
  snapshots(target: string): Promise<readonly Kept[]>;
  /** Why it keeps one of them; empty when it does not. What it costs must not grow with the number of snapshots. */
  whySnapshot(target: string, hash: string): Promise<readonly string[]>;
  /**
   * Snapshots among which is one that has a package, if it keeps any that has it: few, however many it keeps. `introducedBy` are the snapshots that first
   * had the package.
   */
  mayHave(target: string, introducedBy: readonly string[]): Promise<readonly Kept[]>;
}

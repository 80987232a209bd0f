/** One thing that is wrong with a published repository. */
export interface Finding {
  kind:
    | 'list_damaged'
    | 'package_missing'
    | 'package_damaged'
    | 'package_wrong'
    | 'index_missing'
    | 'index_damaged'
    | 'index_wrong'
    | 'index_expired'
    | 'signature_missing'
    | 'signature_bad'
    | 'key_expired'
    | 'ref_wrong'
    | 'dependency_unmet'
    | 'not_checked';
  /** The file, below the target's directory; or the package, for a dependency. */
  where: string;
  what: string;
  /** What to do, as a sentence. */
  remedy: string;
  /** A damaged file of the pool, which can be put aside. */
  damaged?: { sha256: string; fileName: string };
}

/** Where a copy of a damaged package can come from. */
export const RESTORE = 'restore the file from a backup, or upload that very file from a mirror (trunkline pkg upload)';

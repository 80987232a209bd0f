/** Stands for the address of the package until `writeIndex` knows it. createrepo_c escapes `<` in texts, so it occurs nowhere else. */
export const LOCATION = '<location href=""/>';
export const INDEX_NAMES = ['primary', 'filelists', 'other'] as const;

import { readFileSync } from 'node:fs';

/** The top of the package, as a URL that ends in a slash; the sources and the built form (scripts/build.ts) lie two directories below it. */
export const PACKAGE = new URL('../../', import.meta.url);

/** This program's version. */
export function programVersion(): string {
  const text = readFileSync(new URL('package.json', PACKAGE), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

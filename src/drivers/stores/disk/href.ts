import { checkPlace } from './schema.ts';

/** `<aa>/<sha256>/<fileName>`: where a file lies below the pool, on disk and in a URL. */
export function hrefOf(sha256: string, fileName: string): string {
  checkPlace(sha256, fileName);
  return `${sha256.slice(0, 2)}/${sha256}/${fileName}`;
}

import { join } from 'node:path';
import type { Store } from '../../../model/index.ts';
import { hrefOf } from './href.ts';
import { holds, putFile } from './put.ts';
import { putAllFiles } from './put-all.ts';
import { quarantineFile } from './quarantine.ts';
import { recoverPool } from './recover.ts';
import { removeFile } from './remove.ts';

/** Packages in a directory on this machine, which any web server can serve. `directory` is the pool; it is made when it is needed. */
export function createDiskStore(options: { directory: string }): Store {
  const pool = options.directory;
  const place = { path: pool, settled: new Set<string>() };
  return {
    name: 'disk',
    put: (file) => putFile(place, file),
    putAll: (files) => putAllFiles(place, files),
    hrefOf,
    has: (sha256, fileName) => holds(join(pool, hrefOf(sha256, fileName))),
    quarantine: (sha256, fileName) => quarantineFile(pool, join(pool, hrefOf(sha256, fileName))),
    remove: (sha256) => removeFile(pool, sha256),
    recover: () => recoverPool(pool),
  };
}

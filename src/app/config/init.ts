import { lstat, mkdir, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errnoOf, fileSystemError, PACKAGE, TrunklineError } from '../../lib/index.ts';
import { CONFIG_NAME } from './find.ts';
import { initialConfig } from './initial.ts';

/** Comes with the package. */
export const SCHEMA_FILE = new URL('docs/trunkline.schema.json', PACKAGE);

/**
 * Writes a first configuration into `directory` and makes the data directory beside it. Returns their absolute paths. `makeKey` is given the data
 * directory before there is a configuration that asks for the key; null: the configuration says that nothing is signed.
 * @throws TrunklineError `invalid_argument` when a configuration is there already; nothing is overwritten. As `makeKey` does.
 */
export async function initialise(
  directory: string,
  makeKey: ((dataDir: string) => Promise<void>) | null,
): Promise<{ config: string; dataDir: string }> {
  const config = resolve(directory, CONFIG_NAME);
  const dataDir = join(resolve(directory), 'data');
  try {
    if (await lstat(config).then(Boolean, () => false)) throw Object.assign(new Error('exists'), { code: 'EEXIST' });
    await mkdir(dataDir, { recursive: true });
    await makeKey?.(dataDir);
    const handle = await open(config, 'wx', 0o644);
    try {
      await handle.writeFile(initialConfig({ schema: SCHEMA_FILE.href, dataDir: './data', signed: makeKey !== null }));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw initError(error, config, directory);
  }
  return { config, dataDir };
}

function initError(error: unknown, config: string, directory: string): unknown {
  const code = errnoOf(error);
  const wrong = (message: string, where: string, hint: string) =>
    new TrunklineError('invalid_argument', message, { where, hint, cause: error });
  if (code === 'EEXIST' || code === 'EISDIR')
    return wrong(
      'There is a configuration already; it was left as it is',
      config,
      'edit it, or name another directory',
    );
  if (code === 'ENOTDIR') return wrong('This is no directory', resolve(directory), 'name a directory');
  // Node's recursive mkdir answers ENOENT where the file system is read-only.
  if (code === 'ENOENT')
    return fileSystemError(Object.assign(new Error('read-only'), { code: 'EROFS' }), resolve(directory));
  return fileSystemError(error, config);
}

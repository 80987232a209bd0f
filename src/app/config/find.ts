import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { errnoOf, TrunklineError } from '../../lib/index.ts';
import type { Environment } from './secrets.ts';
import { LARGEST_FILE } from './yaml.ts';

export const CONFIG_NAME = 'trunkline.yaml';
export const SYSTEM_CONFIG = '/etc/trunkline/trunkline.yaml';

export interface ConfigPlace {
  /** What `--config` said. */
  config?: string | undefined;
  environment: Environment;
  /** The current directory. */
  directory: string;
}

/**
 * The absolute path of the configuration: `--config`, else `TRUNKLINE_CONFIG`, else `./trunkline.yaml`, else the system's.
 * @throws TrunklineError `not_found` when none is there.
 */
export async function findConfig({ config, environment, directory }: ConfigPlace): Promise<string> {
  const variable = environment.TRUNKLINE_CONFIG;
  const named = config ?? (variable === '' ? undefined : variable);
  if (named !== undefined) return resolve(directory, named);
  for (const path of [join(directory, CONFIG_NAME), SYSTEM_CONFIG])
    if (await stat(path).catch(() => undefined)) return path;
  throw new TrunklineError('not_found', `There is no configuration: neither ./${CONFIG_NAME} nor ${SYSTEM_CONFIG}`, {
    hint: 'run "trunkline init" to make one, or name it with --config or TRUNKLINE_CONFIG',
  });
}

/** @throws TrunklineError `not_found` or `config_invalid` saying why the file cannot be read. */
export async function readConfigFile(file: string): Promise<string> {
  try {
    // No more of it than shows that it is too large: the path may be a device.
    return await text(createReadStream(file, { end: LARGEST_FILE }));
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT')
      throw new TrunklineError('not_found', 'There is no such configuration file', {
        where: file,
        hint: 'check the path, or run "trunkline init" to make one',
        cause: error,
      });
    throw new TrunklineError('config_invalid', `The configuration file cannot be read: ${code ?? String(error)}`, {
      where: file,
      hint:
        code === 'EISDIR' ? 'name the file, not its directory' : 'make it readable for the user that runs trunkline',
      cause: error,
    });
  }
}

import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The program built, as npm would install it into `directory` (replaced), with this clone's libraries. Answers the path of its command. */
export async function installProgram(directory: string): Promise<string> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const { files } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { files: string[] };
  for (const file of ['package.json', ...files].filter((one) => one !== 'dist')) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await cp(join(root, file), join(directory, file), { recursive: true });
  }
  await promisify(execFile)(process.execPath, [join(root, 'scripts/build.ts'), join(directory, 'dist')]);
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
  return join(directory, 'bin/trunkline.js');
}

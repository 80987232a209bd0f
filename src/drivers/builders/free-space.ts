import { statfs } from 'node:fs/promises';

/** Below this a build cannot be expected to come out right. Bytes. */
const TOO_LITTLE = 32 * 1024 * 1024;

/** The first of the directories whose file system has practically no space left, or null. What failed there says nothing of the package. */
export async function fullDirectory(directories: readonly string[]): Promise<string | null> {
  for (const directory of directories) {
    const { bavail, bsize } = await statfs(directory);
    if (bavail * bsize < TOO_LITTLE) return directory;
  }
  return null;
}

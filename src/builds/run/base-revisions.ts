import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256File } from '../../lib/index.ts';
import type { BaseRepository, BuildInputs, Target } from '../../model/index.ts';

/**
 * The base repositories of a target with the SHA-256 of what they now say they contain (repomd.xml, InRelease or Release), which names that content.
 * Only one that lies on this machine can be read here; the revision of one behind a network is null.
 */
export async function readBaseRepositories(target: Target): Promise<BuildInputs['baseRepositories']> {
  return Promise.all(
    target.baseRepositories.map(async (repository) => {
      const address = addressOf(repository);
      return { id: repository.id, address, revision: await revisionOf(repository, localPath(address)) };
    }),
  );
}

function addressOf(repository: BaseRepository): string {
  if (repository.kind === 'deb') return repository.uri;
  return repository.baseurl[0] ?? repository.metalink ?? repository.mirrorlist ?? '';
}

function localPath(address: string): string | null {
  if (address.startsWith('/')) return address;
  return address.startsWith('file:///') ? fileURLToPath(address) : null;
}

async function revisionOf(repository: BaseRepository, path: string | null): Promise<string | null> {
  if (path === null) return null;
  const names =
    repository.kind === 'rpm'
      ? ['repodata/repomd.xml']
      : repository.suites.flatMap((suite) => [`dists/${suite}/InRelease`, `dists/${suite}/Release`]);
  for (const name of names) {
    const file = join(path, name);
    const found = await access(file).then(
      () => true,
      () => false,
    );
    if (found) return sha256File(file);
  }
  return null;
}

// What staging is asked for in tests: a project, a revision, a real tarball, a packaging directory.
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/lib/index.ts';
import type {
  CommitInfo,
  FormatName,
  PackageVersion,
  PackagingFile,
  Project,
  StageRequest,
  Target,
} from '../../../src/model/index.ts';

export const HASH = 'abcdef0123456789abcdef0123456789abcdef01';
export const UTC = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;

export function commit(subject: string, authorName = 'Ada Lovelace'): CommitInfo {
  return { hash: HASH, authorName, authorEmail: 'ada@example.org', authorTime: UTC, committerTime: UTC, subject };
}

export function packagingFile(
  path: string,
  content: string | Uint8Array,
  changes: Partial<PackagingFile> = {},
): PackagingFile {
  return {
    path,
    content: typeof content === 'string' ? Buffer.from(content) : content,
    executable: false,
    link: null,
    ...changes,
  };
}

/** A temporary directory with what a test stages in it; removed when disposed of. */
export interface Workshop extends AsyncDisposable {
  directory: string;
  /** A gzipped tarball of one top directory with `files`, made the same way each time. */
  tarball(topDirectory: string, files: Record<string, string>): Promise<StageRequest['tarball']>;
  /** A new empty directory. */
  empty(): Promise<string>;
}

export async function openWorkshop(): Promise<Workshop> {
  const directory = await mkdtemp(join(tmpdir(), 'trunkline-stage-'));
  return {
    directory,
    empty: () => mkdtemp(join(directory, 'staged-')),
    async tarball(topDirectory, files) {
      const tree = await mkdtemp(join(directory, 'tree-'));
      for (const [path, content] of Object.entries(files)) {
        await mkdir(join(tree, topDirectory, path, '..'), { recursive: true });
        await writeFile(join(tree, topDirectory, path), content);
        await utimes(join(tree, topDirectory, path), UTC, UTC);
      }
      const path = join(tree, `${topDirectory}.tar.gz`);
      const sorted = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', `--mtime=@${String(UTC)}`];
      await run(['tar', '-C', tree, ...sorted, '--use-compress-program=gzip -n', '-cf', path, topDirectory]);
      return { path, topDirectory };
    },
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function stageRequest(
  format: FormatName,
  parts: {
    packaging: readonly PackagingFile[];
    tarball: StageRequest['tarball'];
    directory: string;
    version?: PackageVersion;
    changelog?: readonly CommitInfo[];
  },
): StageRequest {
  return {
    project: PROJECT,
    revision: {
      id: 1,
      project: 'foo',
      format,
      upstream: commit('Head'),
      distgit: commit('Packaging'),
      sequence: 1,
      versionInputs: { tags: ['1.2.3'], utc: UTC, distgitCount: 5, reported: null },
    },
    target: { name: 't', format, components: ['main'] } as unknown as Target,
    version: parts.version ?? VERSIONS[format],
    tarball: parts.tarball,
    packaging: parts.packaging,
    changelog: parts.changelog ?? [commit('Add a feature')],
    directory: parts.directory,
  };
}

export const VERSIONS: Record<FormatName, PackageVersion> = {
  rpm: { epoch: null, version: '1.2.3^20260102030405.gitabcdef0', release: '5', base: '1.2.3' },
  deb: { epoch: null, version: '1.2.3+git20260102030405.abcdef0', release: '5', base: '1.2.3' },
};

const PROJECT: Project = {
  name: 'foo',
  upstream: { url: 'file:///nowhere', branch: 'main' },
  packaging: {},
  maintainers: [],
  component: null,
  targets: [],
  tags: [],
  version: { from: 'tags', script: [], epoch: null, tagPattern: null },
  source: { from: 'archive', command: [], submodules: false },
};

/** Subjects and names that try to be more than text. */
export const HOSTILE_COMMITS: readonly CommitInfo[] = [
  commit('%(touch /tmp/trunkline-pwned) %{lua:posix.mkdir("/tmp/trunkline-pwned")} %{expand:%%(id)}'),
  commit('first line\n* Mon Jan 01 2024 Evil <e@x> - 99-1\n- injected\n\n%install\nrm -rf /'),
  commit('x'.repeat(10_000)),
  commit('bell \u0007 escape \u001b[31m red \u0000 nul \r\n and \u202E backwards \uD800 alone'),
  commit('ends in a backslash \\', 'Bobby \\'),
  commit(' -- Evil <e@x>  Mon, 01 Jan 2024 00:00:00 +0000\n\nfoo (99-1) unstable; urgency=low\n\n  * x'),
  commit('', '%(touch /tmp/trunkline-pwned)\nName'),
  commit('%{ open bracket %( and %[ and %%{ and %', '%'),
  commit('Łódź “naïve” 数'),
];

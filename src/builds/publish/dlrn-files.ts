import { stringify } from 'yaml';

/** One row of versions.csv: a project represented in the repository. */
export interface VersionsRow {
  project: string;
  sourceRepository: string;
  sourceHash: string;
  distRepository: string;
  distHash: string;
  /** State of the project's last processed build, in DLRN's words. */
  status: DlrnStatus;
  /** Seconds since the epoch. */
  lastSuccess: number;
  component: string | null;
  /** Name-version-release of the source package; '' when there is none yet. */
  sourcePackage: string;
}

export type DlrnStatus = 'SUCCESS' | 'FAILED' | 'RETRY';

const HEADER =
  'Project,Source Repo,Source Sha,Dist Repo,Dist Sha,Status,Last Success Timestamp,Component,Extended Sha,Pkg NVR';

/** DLRN's versions.csv (its shell.py writes the header, `None` for what is absent). A field with a comma or quote is quoted as RFC 4180 says. */
export function versionsCsv(rows: readonly VersionsRow[]): string {
  const lines = rows.map((row) =>
    [
      row.project,
      row.sourceRepository,
      row.sourceHash,
      row.distRepository,
      row.distHash,
      row.status,
      String(Math.trunc(row.lastSuccess)),
      row.component ?? 'None',
      'None',
      row.sourcePackage,
    ]
      .map(csvField)
      .join(','),
  );
  return `${[HEADER, ...lines].join('\n')}\n`;
}

function csvField(value: string): string {
  const line = value.replace(/[\r\n]+/g, ' ');
  return /[",]/.test(line) ? `"${line.replaceAll('"', '""')}"` : line;
}

/** What commit.yaml says of one build; times are seconds since the epoch. */
export interface DlrnCommit {
  id: number;
  type: string;
  project: string;
  commitHash: string;
  commitBranch: string;
  commitTime: number;
  distroHash: string;
  distroTime: number;
  buildTime: number;
  status: DlrnStatus;
  component: string | null;
  /** Paths of the packages below the directory that holds `repos/`. */
  artifacts: readonly string[];
  notes: string;
  repositoryDirectory: string;
  distgitDirectory: string;
}

/** DLRN's commit.yaml: `commits:` with one mapping, every database column as a string, keys in alphabetical order. */
export function commitYaml(commit: DlrnCommit): string {
  const columns = {
    artifacts: commit.artifacts.join(','),
    commit_branch: commit.commitBranch,
    commit_hash: commit.commitHash,
    component: commit.component ?? 'None',
    distgit_dir: commit.distgitDirectory,
    distro_hash: commit.distroHash,
    dt_build: String(commit.buildTime),
    dt_commit: String(commit.commitTime),
    dt_distro: String(commit.distroTime),
    dt_extended: '0',
    extended_hash: 'None',
    flags: '0',
    id: String(commit.id),
    notes: commit.notes,
    project_name: commit.project,
    repo_dir: commit.repositoryDirectory,
    status: commit.status,
    type: commit.type,
    versions_csv: 'None',
  };
  return stringify({ commits: [columns] }, { lineWidth: 0 });
}

import type { AttemptReport } from '../builds/index.ts';

/** What a run tells while it goes on; the command line prints it. */
export type RunEvent =
  | { kind: 'discovering'; projects: number }
  | { kind: 'unreachable'; project: string; message: string }
  | { kind: 'discovered'; project: string; format: string; revisions: number }
  | { kind: 'recovered'; attempts: number }
  | { kind: 'unpinned'; project: string; target: string }
  | { kind: 'cycle'; projects: readonly string[] }
  | { kind: 'queued'; builds: number }
  | { kind: 'started'; build: BuildName }
  | { kind: 'finished'; report: AttemptReport };

export interface BuildName {
  id: number;
  project: string;
  target: string;
  commit: string;
  subject: string;
}

export type RunReporter = (event: RunEvent) => void;

/** What `--json` prints, as the tests read it. */
export interface BuildView {
  id: number;
  project: string;
  target: string;
  state: string;
  result: string | null;
  reason: string | null;
  detail: string | null;
  snapshot: string | null;
  sequence: number;
  upstream: { hash: string; subject: string; authorName: string };
  distgit: { hash: string; subject: string };
}

export interface RunView {
  exitCode: number;
  builds: {
    id: number;
    project: string;
    target: string;
    commit: string;
    attempt: number;
    result: string;
    reason: string | null;
    detail: string | null;
    retryAt: string | null;
    timings: Record<string, number>;
  }[];
  unreachable: { project: string; message: string }[];
  queue: { ready: number; waiting: number; running?: number };
}

export interface PlaceView extends BuildView {
  directory: string | null;
  packages: { name: string; fullName: string; fileName: string; sha256: string; kind: string }[];
  refs: string[];
}

export interface PlanView {
  builds: { project: string; target: string; commit: string; subject: string; why: string; skipped: boolean }[];
  unreachable: { project: string; message: string }[];
  cycles: string[][];
}

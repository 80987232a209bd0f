import type { AttemptResource, BuildResource, PackageResource, WaitsResource } from '../../api/index.ts';
import { API_ROOT } from '../../api/index.ts';
import type { BuildWithRevision, QueuedAttempt } from '../../db/index.ts';
import { redact } from '../../lib/index.ts';
import type { PublishedPackage, Waits } from '../../model/index.ts';
import { iso, isoOrNull } from './times.ts';

export function buildAnswer({ build, revision }: BuildWithRevision): BuildResource {
  const { id, project, target, state, result, reason, snapshot } = build;
  return {
    ...{ id, project, target, state, result, reason, snapshot },
    detail: redactOrNull(build.detail),
    revision: revision.id,
    sequence: revision.sequence,
    upstream: revision.upstream,
    distgit: revision.distgit,
    repository: snapshot === null ? null : snapshotPath(target, snapshot),
    createdAt: iso(build.createdAt),
    finishedAt: isoOrNull(build.finishedAt),
  };
}

export function attemptAnswer(attempt: QueuedAttempt, waits: Waits | null): AttemptResource {
  const { number, kind, rebuild, state, result, reason, worker, timings } = attempt;
  return {
    build: attempt.buildId,
    ...{ number, kind, rebuild, state, result, reason, worker, timings },
    detail: redactOrNull(attempt.detail),
    notBefore: iso(attempt.notBefore),
    startedAt: isoOrNull(attempt.startedAt),
    finishedAt: isoOrNull(attempt.finishedAt),
    waits: waitsAnswer(waits),
    log: `${API_ROOT}/builds/${String(attempt.buildId)}/attempts/${String(number)}/log`,
  };
}

/** Why something waits, as the API says it. */
export function waitsAnswer(waits: Waits | null): WaitsResource | null {
  return waits === null ? null : { ...waits, startsAt: isoOrNull(waits.startsAt) };
}

export function packageAnswer(one: PublishedPackage): PackageResource {
  const { id, target, name, fullName, arch, kind, fileName, sha256, unsignedSha256, size } = one;
  return {
    ...{ id, target, name, fullName, arch, kind, fileName, sha256, unsignedSha256, size },
    build: one.buildId,
    upload: one.uploadId,
    companions: one.companions.map((file) => ({ ...file })),
    href: `/repos/${target}/pool/${sha256.slice(0, 2)}/${sha256}/${encodeURIComponent(fileName)}`,
    createdAt: iso(one.createdAt),
  };
}

export function snapshotPath(target: string, hash: string): string {
  return `/repos/${target}/snapshots/${hash}/`;
}

export function redactOrNull(text: string | null): string | null {
  return text === null ? null : redact(text);
}

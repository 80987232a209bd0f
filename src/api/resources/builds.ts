import { z } from 'zod';
import { ATTEMPT_KINDS, BUILD_RESULTS, BUILD_STATES, FAILURE_REASONS, SKIP_REASONS } from '../../model/index.ts';
import { commit, name, time } from './fields.ts';
import { waitsSchema } from './waits.ts';

const state = z.enum(BUILD_STATES);
const result = z.enum(BUILD_RESULTS);
const reason = z.enum([...FAILURE_REASONS, ...SKIP_REASONS]);

export const buildSchema = z
  .object({
    id: z.int(),
    project: name(),
    target: name(),
    state,
    result: result.nullable(),
    reason: reason.nullable(),
    detail: z.string().nullable().meta({ description: 'one line for people' }),
    revision: z.int(),
    sequence: z.int().meta({ description: 'place in the project’s history; greater is newer' }),
    upstream: commit,
    distgit: commit,
    snapshot: z.string().nullable().meta({ description: 'in which its packages were published' }),
    repository: z.string().nullable().meta({ description: 'path of that snapshot on this server' }),
    createdAt: time(),
    finishedAt: time().nullable(),
  })
  .meta({ id: 'Build' });
export type BuildResource = z.output<typeof buildSchema>;

const inputs = z.object({
  upstreamCommit: z.string(),
  distgitCommit: z.string(),
  target: z.string(),
  snapshot: z.string().nullable(),
  baseRepositories: z.array(z.object({ id: z.string(), address: z.string(), revision: z.string().nullable() })),
  builder: z.string(),
  builderVersion: z.string(),
  version: z.object({ epoch: z.int().nullable(), version: z.string(), release: z.string().nullable() }).nullable(),
  buildroot: z.array(z.string()),
  installed: z.array(z.string()),
});

export const attemptSchema = z
  .object({
    build: z.int(),
    number: z.int(),
    kind: z.enum(ATTEMPT_KINDS),
    rebuild: z.int(),
    state,
    result: result.nullable(),
    reason: reason.nullable(),
    detail: z.string().nullable(),
    worker: z.string().nullable(),
    notBefore: time(),
    startedAt: time().nullable(),
    finishedAt: time().nullable(),
    waits: waitsSchema.nullable().meta({ description: 'why it has not begun, and about when it will; null: it has' }),
    timings: z.record(z.string(), z.number()).meta({ description: 'seconds by phase' }),
    log: z.string().meta({ description: 'path of its log on this server' }),
  })
  .meta({ id: 'Attempt' });
export type AttemptResource = z.output<typeof attemptSchema>;

export const attemptWithInputsSchema = attemptSchema
  .extend({ inputs: inputs.nullable(), logs: z.array(z.string()).meta({ description: 'names of its log files' }) })
  .meta({ id: 'AttemptWithInputs' });
export type AttemptWithInputsResource = z.output<typeof attemptWithInputsSchema>;

export const packageSchema = z
  .object({
    id: z.int(),
    target: name(),
    build: z.int().nullable(),
    upload: z.int().nullable(),
    name: z.string(),
    fullName: z.string().meta({ description: 'NEVRA, or name_version_arch' }),
    arch: z.string(),
    kind: z.enum(['binary', 'source']),
    fileName: z.string(),
    sha256: z.string(),
    unsignedSha256: z.string().meta({ description: 'of the file as it was built, before it was signed' }),
    size: z.int().meta({ description: 'bytes' }),
    companions: z.array(z.object({ fileName: z.string(), sha256: z.string(), size: z.int() })),
    href: z.string().meta({ description: 'path of the file on this server' }),
    createdAt: time(),
  })
  .meta({ id: 'Package' });
export type PackageResource = z.output<typeof packageSchema>;

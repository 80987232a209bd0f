import { z } from 'zod';
import { FAILURE_REASONS, type PackageVersion, type VersionInputs } from '../../model/index.ts';
import { hash } from '../resources/fields.ts';
import { repositorySchema } from './order.ts';

export const failureSchema = z.strictObject({ reason: z.enum(FAILURE_REASONS), detail: z.string().max(4000) });

const seconds = z.record(z.string().regex(/^[a-z][A-Za-z]{0,39}$/), z.number().min(0).max(1e7));
const fullNames = z.array(z.string().min(1).max(300)).max(20_000);
/** A file name that stands for itself everywhere: no separator, no blank, no option, nothing hidden. */
export const fileName = () => z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+~^:%-]{0,254}$/);
export const logName = () => z.string().regex(/^[a-z][a-z0-9-]{0,39}\.log$/);

export const planSchema = z.strictObject({
  reported: z.string().min(1).max(200).optional().meta({ description: 'what the project says its version is' }),
});

/** How an attempt ended, as the server knows it. */
const ended = z.object({ next: z.literal('ended'), failure: failureSchema.nullable() });

export const planAnswer = z.discriminatedUnion('next', [
  z.object({
    next: z.literal('build'),
    version: z.custom<PackageVersion>((value) => typeof value === 'object'),
    inputs: z.custom<VersionInputs>((value) => typeof value === 'object'),
  }),
  z.object({ next: z.literal('report') }),
  ended,
]);
export type PlanAnswer = z.output<typeof planAnswer>;

/** The account of a build that was made, or failed. */
export const builtSchema = z.strictObject({
  files: z.array(z.strictObject({ name: fileName(), sha256: hash(), size: z.int().min(1) })).max(2000),
  failure: failureSchema.nullable(),
  buildroot: fullNames,
  builderVersion: z.string().max(200),
  baseRepositories: z
    .array(z.strictObject({ id: z.string().max(200), address: z.string().max(2000), revision: hash().nullable() }))
    .max(200),
  timings: seconds,
});
export type BuiltBody = z.output<typeof builtSchema>;

export const candidateSchema = z.object({
  next: z.literal('verify'),
  candidate: z.string(),
  repository: repositorySchema.meta({ description: 'packages: those that the last list did not have' }),
  built: z.array(z.object({ sha256: hash(), path: z.string() })).meta({ description: 'where the new packages stand' }),
});

export type CandidateAnswer = z.output<typeof candidateSchema>;

export const builtAnswer = z.discriminatedUnion('next', [
  z.object({ next: z.literal('upload'), missing: z.array(hash()) }),
  candidateSchema,
  ended,
]);
export type BuiltAnswer = z.output<typeof builtAnswer>;

export const verifiedSchema = z.strictObject({
  candidate: z.string().max(100),
  failure: failureSchema.nullable(),
  installed: fullNames,
  timings: seconds,
});
export type VerifiedBody = z.output<typeof verifiedSchema>;

/** `built`: the server has forgotten; tell it again. */
export const verifiedAnswer = z.discriminatedUnion('next', [
  candidateSchema,
  z.object({ next: z.literal('built') }),
  ended,
]);
export type VerifiedAnswer = z.output<typeof verifiedAnswer>;

export const pieceQuery = z.strictObject({
  lease: z.coerce.number().int().min(1),
  offset: z.coerce.number().int().min(0),
});
export const packagePieceQuery = z.strictObject({ ...pieceQuery.shape, size: z.coerce.number().int().min(1) });
/** How far a file has come; `whole`: it is there, and what it is called. `cut`: no more of it is taken. */
export const pieceAnswer = z.object({ offset: z.int(), whole: z.boolean(), cut: z.boolean() });
export type PieceAnswer = z.output<typeof pieceAnswer>;

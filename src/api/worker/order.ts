import { z } from 'zod';
import { FORMAT_NAMES, type Project, type Revision, type Target } from '../../model/index.ts';
import { hash, name } from '../resources/fields.ts';

/** Raised when server and worker would misunderstand each other. */
export const WORKER_PROTOCOL = 3;

/** Seconds a worker may wait for work in one request. */
export const LONGEST_WAIT = 30;
/** Bytes of one piece of a log or a package: each is a request, which has to arrive within a minute. */
export const LARGEST_PIECE = 4 * 1024 ** 2;
/** Bytes of the account of a build. */
export const LARGEST_ACCOUNT = 4 * 1024 ** 2;

/** One part of a worker's name; the token's comes before it. */
export const workerName = () => z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
const words = () => z.array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/)).max(50);

export const profileSchema = z.strictObject({
  architectures: words(),
  formats: z.array(z.enum(FORMAT_NAMES)).max(10),
  builders: words(),
  memory: z.int().min(0).meta({ description: 'bytes that one build may have' }),
  labels: words().default([]),
  places: z.int().min(1).max(10_000).default(1).meta({ description: 'builds it makes at once' }),
});

/** What a worker says of itself; nothing depends on it but what people are shown. */
const who = {
  name: workerName(),
  host: z.string().max(255).default(''),
  version: z.string().max(60).default(''),
};

export const askTargetsSchema = z.strictObject({ protocol: z.int(), ...who, profile: profileSchema });
export type AskTargetsBody = z.output<typeof askTargetsSchema>;

export const claimSchema = z.strictObject({
  protocol: z.int(),
  ...who,
  profile: profileSchema,
  targets: z.array(name()).max(1000).meta({ description: 'for which the worker is ready to build' }),
  wait: z.number().min(0).max(LONGEST_WAIT).meta({ description: 'seconds' }),
});
export type ClaimBody = z.output<typeof claimSchema>;

// Configuration comes from a server that the worker's owner chose: its form is made sure of by the number of the protocol.
const made = <T>() => z.custom<T>((value) => typeof value === 'object' && value !== null);

export const targetsAnswer = z.object({
  targets: z.array(made<Target>()),
  refused: z.array(z.object({ target: name(), why: z.string() })),
});
export type TargetsAnswer = z.output<typeof targetsAnswer>;

/** A package that a repository lists and a client may install. */
export const listedSchema = z.object({ sha256: hash(), fileName: z.string(), size: z.int() });
export type ListedPackage = z.output<typeof listedSchema>;
/** A file below the top of a repository. */
export const indexFileSchema = z.object({ path: z.string(), sha256: hash(), size: z.int() });
export type IndexFile = z.output<typeof indexFileSchema>;

/** A repository as a worker makes it again from its parts. */
export const repositorySchema = z.object({ index: z.array(indexFileSchema), packages: z.array(listedSchema) });
export type RepositoryParts = z.output<typeof repositorySchema>;

/** What a worker is to build. */
export const orderSchema = z.object({
  attempt: z.int(),
  lease: z.int(),
  build: z.int(),
  number: z.int(),
  revision: made<Revision>(),
  project: made<Project>().meta({ description: 'addresses without passwords' }),
  target: made<Target>(),
  mirrors: z.record(z.string(), z.string()).meta({ description: 'names of the server’s mirrors, by address' }),
  snapshot: hash().nullable(),
  sourceSize: z.int(),
  leaseSeconds: z.number().meta({ description: 'without a sign of life for that long, the work is somebody else’s' }),
});
export type Order = z.output<typeof orderSchema>;

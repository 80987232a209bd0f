import { z } from 'zod';
import { hash, name } from './fields.ts';

const arriving = {
  /** Whether it can be a package's is asked where it is taken. */
  name: z.string().min(1).max(255),
  size: z.int().min(1).meta({ description: 'bytes' }),
  sha256: hash(),
};

export const uploadBody = z.object({
  files: z.array(z.object(arriving).strict()).min(1).max(500),
  project: z.string().min(1).max(200).optional().meta({ description: 'their owner; absent: the source package' }),
  reason: z.string().trim().min(1).max(10_000).optional().meta({ description: 'kept with the upload' }),
});

/** An upload whose files are on their way. */
export const arrivalSchema = z
  .object({
    id: z.uuid(),
    target: name(),
    missing: z
      .array(
        z.object({
          ...arriving,
          by: z.string().nullable().meta({ description: 'the .dsc or .changes that names it' }),
          come: z.int().meta({ description: 'bytes that are here' }),
        }),
      )
      .meta({ description: 'what is still to be sent' }),
  })
  .meta({ id: 'Arrival' });
export type ArrivalResource = z.output<typeof arrivalSchema>;

export const uploadedSchema = z
  .object({
    upload: z.int().nullable().meta({ description: 'null: the repository had all of it' }),
    target: name(),
    project: z.string(),
    snapshot: z.string(),
    packages: z.array(
      z.object({
        ...{ fullName: z.string(), name: z.string(), kind: z.enum(['binary', 'source']), arch: z.string() },
        ...{ fileName: z.string(), sha256: z.string(), size: z.int() },
      }),
    ),
    replaced: z.array(z.string()).meta({ description: 'full names of what its owner has there no more' }),
  })
  .meta({ id: 'Uploaded' });
export type UploadedResource = z.output<typeof uploadedSchema>;

/** Bytes of a file, to be appended to what has come of it. */
export const arrivingPath = '/targets/:target/uploads/:upload/files/:file';
export const arrivingParams = z.object({ target: name(), upload: z.uuid(), file: z.string().min(1).max(255) });
export const arrivingQuery = z.object({ offset: z.coerce.number().int().min(0) });
export const arrivedSchema = z.object({ come: z.int().meta({ description: 'bytes that are here' }) });

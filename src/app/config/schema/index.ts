import { z } from 'zod';
import { LOG_LEVELS } from '../../../model/index.ts';
import { listOf, text } from './fields.ts';
import { mailTimesSchema } from './mail-times.ts';
import { gcSchema, materialisedSchema, protectedRefsSchema } from './keeping.ts';
import { forgesSchema, webhooksSchema } from './webhooks.ts';
import { limitsSchema } from './limits.ts';
import { projectSchema } from './project.ts';
import { baseUrlRule, fingerprintRule, mailAddressRule, NAME_PATTERN, lineRule } from './rules.ts';
import { serverSchema } from './server.ts';
import { targetSchema } from './target.ts';

export { projectSchema, type ProjectInput } from './project.ts';
export { nameRule, quoted } from './rules.ts';
export { targetSchema, type BaseRepositoryInput, type TargetInput } from './target.ts';

const mailSchema = z.strictObject({
  smtp: text()
    .describe('`smtp://host:25`, `smtp://user:${SMTP_PASSWORD}@host:587` (STARTTLS) or `smtps://…:465`.')
    .optional(),
  smtp_file: text()
    .describe('File whose first line is what `smtp` would say, so that no password stands here.')
    .optional(),
  from: text(mailAddressRule).describe('The sender’s address.'),
  log_lines: z.int().min(0).max(1000).describe('Lines of the end of the log that a mail quotes.').prefault(40),
  maintainers: z
    .record(z.string(), mailTimesSchema)
    .describe('When people are told, by their address: in digests, and not in quiet times. Others are told at once.')
    .prefault({}),
});

const signingSchema = z.strictObject({
  key: listOf(text(fingerprintRule))
    .refine((keys) => keys.length > 0, 'the list is empty')
    .describe('Fingerprint of a key of yours; of several the first signs, and clients trust all.')
    .optional(),
  gnupghome: text(lineRule).describe('GnuPG home that has `key`. Default: `<data_dir>/keys`.').optional(),
  passphrase_file: text(lineRule).describe('File whose first line unlocks `key`.').optional(),
  command: listOf(text(lineRule))
    .refine((words) => words.length > 0, 'the list is empty')
    .describe(
      'Program that signs, in place of `key`: called with `detached`, `armored` or `clearsigned`, content on standard input, signature on standard output.',
    )
    .optional(),
  public_keys: text(lineRule).describe('With `command`: file with the public keys that clients trust.').optional(),
});

/** Everything but targets, defaults and projects, which are read entry by entry. */
export const generalSchema = z.strictObject({
  data_dir: text()
    .describe('Directory for everything Trunkline keeps; a relative path starts at this file’s directory.')
    .prefault('/var/lib/trunkline'),
  local_dir: text()
    .describe(
      'With PostgreSQL: what is one server’s own (lock, scratch, prepared roots), on a disk of its machine; servers share `data_dir`. Default: `<data_dir>/local/<host name>`.',
    )
    .optional(),
  base_url: text(baseUrlRule)
    .describe('What the data directory’s `repos/` is served as; for client files and mails.')
    .optional(),
  jobs: z.int().min(1).max(1024).describe('Builds at once. Default: the number of processors.').optional(),
  max_retries: z
    .int()
    .min(0)
    .max(100)
    .describe('How often an attempt that failed for infrastructure reasons is retried.')
    .prefault(3),
  database: text()
    .describe('`postgres://user:${PGPASSWORD}@host/name`. Default: SQLite in the data directory.')
    .optional(),
  database_file: text().describe('File whose first line is what `database` would say.').optional(),
  mail: mailSchema.describe('How maintainers are told; without it nobody is.').optional(),
  protected_refs: protectedRefsSchema
    .describe('Refs that are moved by hand with `--force` only, besides `current` and `consistent`.')
    .prefault([]),
  gc: gcSchema.describe('What `trunkline gc` keeps. Times as `30d`.').prefault({}),
  materialised: materialisedSchema
    .describe('Which snapshots exist as files that a plain web server can serve. Others are made again when asked for.')
    .prefault({}),
  signing: signingSchema
    .describe('Who signs repositories; `{}`: keys that Trunkline makes. Without it they are unsigned.')
    .optional(),
  log_level: z.enum(LOG_LEVELS).describe('What is logged on standard error.').prefault('warn'),
  forges: forgesSchema
    .describe('Forges that tell of pushes, by the name in their address here: `POST /webhooks/<name>`.')
    .prefault({}),
  webhooks: webhooksSchema.describe('Who is told of what happens here, by HTTP.').prefault([]),
  server: serverSchema.describe('How `trunkline serve` is reached.').prefault({}),
  limits: limitsSchema.describe('What hostile code may use up. Sizes as `2GiB`, times as `30m`.').prefault({}),
});

const named = <T extends z.ZodType>(value: T) => z.record(z.string().regex(NAME_PATTERN), value);

/** The whole file, as editors and the documentation see it. */
export const configSchema = z.strictObject({
  ...generalSchema.shape,
  defaults: projectSchema
    .partial()
    .describe(
      'What every project has unless it says otherwise, key by key. `%(name)s` is the project’s name, `%(key)s` its other keys.',
    )
    .optional(),
  targets: named(targetSchema)
    .describe('What packages are built for, by name: `fedora-43-x86_64`, `debian-12-amd64`.')
    .prefault({}),
  projects: named(z.union([projectSchema.partial(), z.null()]))
    .describe('What is packaged, by name. An entry may be `name: {}` when the defaults say everything.')
    .prefault({}),
});

/** The limits of a file that sets none. */
export function limitDefaults() {
  return limitsSchema.parse({});
}

export type GeneralInput = z.output<typeof generalSchema>;

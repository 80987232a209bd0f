import { z } from 'zod';

const LIST = 5000;
const text = z.string().max(50_000);
const name = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}$/, 'this is no name');
const rpms = z.array(name).max(LIST);
const map = <T extends z.ZodType>(value: T) => z.record(name, value);
/** An empty value is an empty string here: all scalars are. */
const listOf = <T extends z.ZodType>(value: T) =>
  z.preprocess((given) => (given === '' ? [] : given), z.array(value).max(LIST));
const flag = z.enum(['true', 'false', 'yes', 'no', 'True', 'False']).transform((word) => /^(true|yes)$/i.test(word));
const number = z
  .string()
  .regex(/^\d{1,15}$/, 'this is no whole number of at most 15 digits')
  .transform(Number);
const streams = map(listOf(z.string().regex(/^-?[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}$/, 'this is no stream')));

/** What stands in a module stream, but for what the build system adds. */
const described = {
  name,
  stream: name,
  summary: text,
  description: text,
  license: z.strictObject({ module: listOf(text), content: listOf(text).optional() }),
  dependencies: z
    .array(z.strictObject({ buildrequires: streams.optional(), requires: streams.optional() }))
    .max(100)
    .optional(),
  references: z
    .strictObject({ community: text.optional(), documentation: text.optional(), tracker: text.optional() })
    .optional(),
  api: z.strictObject({ rpms }).optional(),
};
const profile = { description: text.optional(), rpms: listOf(name) };

const ours = z.never({ error: 'what is in the module is filled in when it is published; leave it out' });
/** How a module is built by others means nothing to who installs it. */
const dropped = z.unknown().optional();

/** A document as a packager writes it, all scalars strings. */
export const streamDocument = z.strictObject({
  document: z.literal('modulemd'),
  version: z.literal('2'),
  data: z
    .strictObject({
      ...described,
      profiles: map(z.strictObject({ ...profile, default: flag.optional() })).optional(),
      version: number.optional(),
      context: z
        .string()
        .regex(/^[A-Za-z0-9_]{1,13}$/, 'this is no context')
        .optional(),
      arch: name.optional(),
      ...{ artifacts: ours.optional(), demodularized: ours.optional() },
      ...{ static_context: dropped, filter: dropped, buildopts: dropped, components: dropped, xmd: dropped },
    })
    .transform((data) => {
      const { name: called, stream: of, summary, description, license, dependencies, references, api, profiles } = data;
      const { version, context, arch } = data;
      const kept = { name: called, stream: of, summary, description, license, dependencies, references, api, profiles };
      return { ...kept, version, context, arch };
    }),
});

export const defaultsDocument = z.strictObject({
  document: z.literal('modulemd-defaults'),
  version: z.literal('1'),
  data: z.strictObject({
    module: name,
    modified: number.optional(),
    stream: name.optional(),
    profiles: map(listOf(name)).optional(),
  }),
});

const defaults = z.strictObject({
  module: name,
  modified: z.int().optional(),
  stream: name.optional(),
  profiles: map(z.array(name)).optional(),
});
const stream = z.strictObject({
  ...described,
  profiles: map(z.strictObject({ ...profile, default: z.boolean().optional() })).optional(),
  ...{ version: z.int(), context: z.string(), arch: name },
});

/** What a project's packaging says of its module, as a snapshot has it. */
export const modulesSchema = z.strictObject({ stream, defaults: defaults.nullable() });
export type Modules = z.infer<typeof modulesSchema>;
export type ModuleStream = Modules['stream'];
export type ModuleDefaults = NonNullable<Modules['defaults']>;

import { z } from 'zod';

/**
 * What an RPM may call itself. Narrower than rpm, whose only rule is "no hyphen in version and release" (rpm's build/parsePreamble.c has the
 * same letters for what it builds): names go into paths, URLs and XML.
 */
export const rpmHeaderSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}$/, 'the name has characters that no RPM name may have'),
  epoch: z.string().regex(/^(0|[1-9][0-9]{0,9})$/, 'the epoch is not a number'),
  version: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._+~^]{0,127}$/, 'the version has characters that no RPM version may have'),
  release: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._+~^]{0,127}$/, 'the release has characters that no RPM release may have'),
  arch: z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, 'the architecture has characters that no architecture may have'),
  sourceRpm: z
    .string()
    .regex(
      /^$|^[A-Za-z0-9_][A-Za-z0-9._+~^-]{0,250}\.(no)?src\.rpm$/,
      'the source RPM it names has an impossible name',
    ),
});

export type RpmHeader = z.infer<typeof rpmHeaderSchema>;

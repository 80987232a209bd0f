import { z } from 'zod';
import { duration, listOf, text } from './fields.ts';
import { lineRule, quoted, type Rule } from './rules.ts';

export const FORGE_KINDS = ['github', 'gitlab', 'gitea', 'forgejo', 'pagure', 'gerrit'] as const;

const urlRule: Rule = (value) =>
  URL.canParse(value) && /^https?:\/\/[^/]/.test(value) && !/[\s\u007f]/.test(value) && value.length <= 2000
    ? undefined
    : { what: 'this is no web address', remedy: 'write https://host/path' };

const eventRule: Rule = (value) =>
  /^[a-z][a-z_]{0,60}$/.test(value)
    ? undefined
    : { what: `${quoted(value)} is no kind of event`, remedy: 'write it as docs/webhooks.md lists them: ref_moved' };

const secret = (what: string) =>
  listOf(text()).describe(
    `${what}, as \`\${NAME}\` from the environment; several while one takes the place of another.`,
  );
const secretFile = () => listOf(text(lineRule)).describe('Files whose first lines are what `secret` would say.');

const forgeSchema = z.strictObject({
  kind: z.enum(FORGE_KINDS).describe('What it is. Default: its name here.').optional(),
  secret: secret('The secret, or token, that is set at the forge').optional(),
  secret_file: secretFile().optional(),
  window: duration().describe('How far the time of a delivery may be off, where the forge signs one.').prefault('5m'),
});

export const forgesSchema = z.record(z.string(), forgeSchema);

const webhookSchema = z.strictObject({
  name: text(lineRule).describe('What it is called here, in logs.'),
  url: text(urlRule).describe('Where events are sent to: `https://…`.'),
  secret: secret('`whsec_` and 24 to 64 bytes in base64').optional(),
  secret_file: secretFile().optional(),
  events: listOf(text(eventRule)).describe('Which kinds of events. Default: all.').prefault([]),
  allow_private: z
    .boolean()
    .describe('Whether it may be in a private network, on this machine, or reached by plain `http://`.')
    .prefault(false),
});

export const webhooksSchema = z.array(webhookSchema);

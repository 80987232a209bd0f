import { TOLD_KINDS } from '../../events/index.ts';
import { registerSecret } from '../../lib/index.ts';
import type { ForgeSettings, WebhookSettings } from '../../model/index.ts';
import { nameRule, type GeneralInput } from './schema/index.ts';
import { FORGE_KINDS } from './schema/webhooks.ts';
import { firstLine, fromEnvironment, type SecretSource } from './secrets.ts';
import { didYouMean } from './suggest.ts';
import type { Path } from './yaml.ts';

/** Shorter ones can be tried out. */
const SHORTEST_SECRET = 16;
const STANDARD = /^whsec_([A-Za-z0-9+/]{32,88}={0,2})$/;

/** The section `forges`, with its secrets; what is wrong is reported. */
export function readForges(input: GeneralInput['forges'], source: SecretSource): ForgeSettings[] {
  return Object.entries(input).flatMap(([name, section]) => {
    const path = ['forges', name];
    const refusal = nameRule(name);
    if (refusal !== undefined) source.report.add(path, refusal.what, refusal.remedy, 'key');
    const kind = section.kind ?? FORGE_KINDS.find((one) => one === name);
    if (kind === undefined)
      source.report.add(path, 'the key kind is missing', `say which it is: ${FORGE_KINDS.join(', ')}`, 'key');
    const secrets = readSecrets(section, path, source, (secret) =>
      secret.length >= SHORTEST_SECRET
        ? undefined
        : `the secret is shorter than ${String(SHORTEST_SECRET)} characters; make one with: openssl rand -hex 32`,
    );
    return kind === undefined ? [] : [{ name, kind, secrets, window: section.window }];
  });
}

/** The section `webhooks`, with its secrets; what is wrong is reported. */
export function readWebhooks(input: GeneralInput['webhooks'], source: SecretSource): WebhookSettings[] {
  return input.map(({ name, url, events, allow_private: allowPrivate, ...section }, index) => {
    const path = ['webhooks', index];
    if (input.findIndex((one) => one.name === name) !== index)
      source.report.add([...path, 'name'], 'another webhook is called so', 'give each a name of its own');
    const { protocol, username, password } = new URL(url);
    if (username !== '' || password !== '')
      source.report.add(
        [...path, 'url'],
        'there is a user or password in it',
        'leave them out: the signature says who sends',
      );
    if (protocol !== 'https:' && !allowPrivate)
      source.report.add(
        [...path, 'url'],
        'plain http is sent in the clear',
        'write https://…, or set allow_private: true',
      );
    for (const event of events)
      if (!TOLD_KINDS.some((kind) => kind === event))
        source.report.add([...path, 'events'], `there is no kind of event ${event}`, didYouMean(event, TOLD_KINDS));
    const secrets = readSecrets(section, path, source, (secret) =>
      STANDARD.test(secret)
        ? undefined
        : 'the secret is not whsec_ and 24 to 64 bytes in base64; make one with: echo whsec_$(openssl rand -base64 32)',
    );
    return { name, url, secrets, events, allowPrivate };
  });
}

/** All secrets of a section, registered so that no log shows them. `wrong` says what is wrong with one, without quoting it. */
function readSecrets(
  { secret = [], secret_file: files = [] }: { secret?: string[] | undefined; secret_file?: string[] | undefined },
  path: Path,
  source: SecretSource,
  wrong: (secret: string) => string | undefined,
): string[] {
  const before = source.report.mistakes.length;
  const found = [
    ...secret.map((text) => ({ value: fromEnvironment(text, [...path, 'secret'], source), at: 'secret' })),
    ...files.map((file) => ({
      value: firstLine(file, 'secret', [...path, 'secret_file'], source),
      at: 'secret_file',
    })),
  ];
  if (found.length === 0)
    source.report.add(
      path,
      'the key secret is missing',
      'add secret: "${NAME}" with a variable, or secret_file',
      'key',
    );
  if (source.report.mistakes.length > before) return [];
  return found.flatMap(({ value, at }) => {
    if (value === undefined) return [];
    registerSecret(value);
    const what = wrong(value);
    const [first = '', remedy = ''] = what?.split('; ') ?? [];
    if (what !== undefined) source.report.add([...path, at], first, remedy);
    return [value];
  });
}

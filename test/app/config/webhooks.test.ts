import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { redact } from '../../../src/lib/index.ts';
import { mistakesIn, settingsOf, temporaryDirectory } from './file.ts';

const SIGNING = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const environment = { NEW: 'the new secret of github', OLD: 'the old secret of github', HOOK: SIGNING };

test('secrets come from the environment and from files, several of them, and are in no log', async () => {
  const file = join(await temporaryDirectory(), 'secret');
  await writeFile(file, `${SIGNING}\nnot this\n`);
  const settings = await settingsOf(
    `
forges:
  github: { secret: ["\${NEW}", "\${OLD}"] }
  salsa: { kind: gitlab, secret_file: ${file}, window: 90s }
webhooks:
  - { name: ci, url: "https://ci.example.org/hook", secret: "\${HOOK}", events: [ref_moved, promoted] }
  - { name: near, url: "http://10.0.0.1/", secret: "\${HOOK}", allow_private: true }
`,
    { environment },
  );
  expect(settings.forges).toEqual([
    { name: 'github', kind: 'github', secrets: [environment.NEW, environment.OLD], window: 300 },
    { name: 'salsa', kind: 'gitlab', secrets: [SIGNING], window: 90 },
  ]);
  expect(settings.webhooks).toEqual([
    {
      ...{ name: 'ci', url: 'https://ci.example.org/hook', secrets: [SIGNING] },
      ...{ events: ['ref_moved', 'promoted'], allowPrivate: false },
    },
    { name: 'near', url: 'http://10.0.0.1/', secrets: [SIGNING], events: [], allowPrivate: true },
  ]);
  expect(redact(`${environment.OLD} ${SIGNING}`)).toBe('**redacted** **redacted**');
});

test.each([
  ['forges: { lab: { secret: "${NEW}" } }', 'the key kind is missing'],
  ['forges: { github: {} }', 'the key secret is missing'],
  ['forges: { github: { secret: [] } }', 'the key secret is missing'],
  ['forges: { github: { secret: "${NONE}" } }', 'the environment has no variable NONE'],
  ['forges: { github: { secret_file: /nonexistent/secret } }', 'cannot be read: ENOENT'],
  ['forges: { github: { secret: short } }', 'the secret is shorter than 16 characters'],
  ['forges: { github: { secret: "" } }', 'the secret is shorter than 16 characters'],
  ['forges: { "../x": { kind: github, secret: "${NEW}" } }', '"../x" cannot be a name'],
  ['webhooks: [{ name: a, url: "https://x.org/", secret: "not one of that form" }]', 'the secret is not whsec_'],
  ['webhooks: [{ name: a, url: "http://x.org/", secret: "${HOOK}" }]', 'plain http is sent in the clear'],
  ['webhooks: [{ name: a, url: "https://u:p@x.org/", secret: "${HOOK}" }]', 'a user or password in it'],
  ['webhooks: [{ name: a, url: "ftp://x.org/", secret: "${HOOK}" }]', 'this is no web address'],
  ['webhooks: [{ name: a, url: "https://x.org/", secret: "${HOOK}", events: ref_mvoed }]', 'did you mean ref_moved?'],
  [
    'webhooks: [{ name: a, url: "https://x.org/", secret: "${HOOK}", events: webhook_due }]',
    'there is no kind of event',
  ],
  [
    'webhooks: [{ name: a, url: "https://x.org/", secret: "${HOOK}" }, { name: a, url: "https://y.org/", secret: "${HOOK}" }]',
    'another webhook is called so',
  ],
])('%s is refused', async (text, what) => {
  const mistakes = await mistakesIn(text, { environment });
  expect(mistakes.join('\n')).toContain(what);
  // No secret is quoted.
  for (const secret of [...Object.values(environment), 'short', 'not one of that form'])
    expect(mistakes.join('\n').replace('is shorter than', '')).not.toContain(secret);
});

import { describe, expect, it } from 'vitest';
import { FORGES } from '../../../src/drivers/forges/registry.ts';
import type { Forge, RawDelivery } from '../../../src/model/index.ts';
import {
  giteaPush,
  gitlabSigned,
  gitlabToken,
  NOON,
  OPTIONS,
  pagurePush,
  SAMPLES,
  SECRET,
  SIGNING,
} from './samples.ts';

function forgeOf(kind: string): Forge {
  const forge = FORGES.get(kind);
  if (forge === undefined) throw new Error(`no ${kind}`);
  return forge;
}

const checked = (kind: string, delivery: RawDelivery, secrets: readonly string[], more = {}) =>
  forgeOf(kind).check(delivery, { ...OPTIONS, secrets, ...more });
const withHeaders = (delivery: RawDelivery, headers: Record<string, string | undefined>): RawDelivery => ({
  ...delivery,
  headers: { ...delivery.headers, ...headers },
});

describe.each(SAMPLES)('$kind by $proof', ({ kind, secret, push, proof }) => {
  it('takes its own push, whichever of several secrets it is signed with', () => {
    for (const secrets of [[secret], ['another secret of some length', secret], [secret, SIGNING, SECRET]]) {
      const delivery = push();
      const found = checked(kind, delivery, secrets);
      if (!found.proven) throw new Error(`${kind}: ${found.refusal}`);
      const event = forgeOf(kind).read(found, delivery.body);
      expect(event).toMatchObject({ kind: 'push', ref: 'refs/heads/main' });
      expect('repositories' in event && event.repositories.join(' ')).toContain('https://forge.example.org/team/tool');
    }
  });

  it('takes no other', () => {
    const refused = (delivery: RawDelivery, secrets: readonly string[] = [secret]) =>
      expect(checked(kind, delivery, secrets));
    refused(push(), ['another secret of some length']).toMatchObject({ proven: false });
    refused(push(), []).toMatchObject({ proven: false });
    refused(withHeaders(push(), { [proof]: undefined })).toEqual({ proven: false, refusal: 'unsigned' });
    for (const wrong of [
      '',
      'x',
      'sha256=',
      `sha256=${'0'.repeat(64)}`,
      '0'.repeat(64),
      'v1,',
      `v1,${'A'.repeat(43)}=`,
      '💥',
    ])
      refused(withHeaders(push(), { [proof]: wrong })).toMatchObject({ proven: false });
    if (proof.includes('token')) return;
    // One bit of the body.
    const delivery = push();
    const body = Buffer.from(delivery.body);
    body[10] = (body[10] ?? 0) ^ 1;
    refused({ ...delivery, body }).toEqual({ proven: false, refusal: 'forged' });
    refused({ ...delivery, body: Buffer.concat([delivery.body, Buffer.from(' ')]) }).toMatchObject({ proven: false });
    refused({ ...delivery, body: Buffer.alloc(0) }).toMatchObject({ proven: false });
  });

  it('says what it can prove', () => {
    const { capabilities } = forgeOf(kind);
    const found = checked(kind, push(), [secret]);
    const signed = proof.includes('signature');
    if (found.proven && capabilities.provesId === 'always') expect(found.idProven).toBe(true);
    expect(capabilities.proof).toBe(
      signed && kind !== 'gitlab' ? 'signature' : kind === 'gerrit' ? 'token' : 'signature_or_token',
    );
  });
});

it('signatures are those of the forges’ own documents', () => {
  // docs.github.com, Validating webhook deliveries.
  const github = {
    'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'x-github-event': 'ping',
  };
  const body = Buffer.from('Hello, World!');
  expect(checked('github', { headers: github, body }, ["It's a Secret to Everybody"])).toMatchObject({
    proven: true,
    event: 'ping',
    idProven: false,
  });
  // The test vector of Standard Webhooks.
  const standard = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v2,xx',
  };
  const told = { headers: standard, body: Buffer.from('{"test": 2432232314}') };
  expect(checked('gitlab', told, [SIGNING], { now: 1_614_265_330_000 })).toMatchObject({ proven: true });
});

it('what a forge dates is refused when it is old, or from a time to come', () => {
  for (const seconds of [NOON / 1000 - 301, NOON / 1000 + 301, 0]) {
    expect(checked('gitlab', gitlabSigned('a', SIGNING, seconds), [SIGNING])).toEqual({
      proven: false,
      refusal: 'stale',
    });
    expect(checked('pagure', pagurePush('a', SECRET, seconds), [SECRET])).toEqual({ proven: false, refusal: 'stale' });
  }
  expect(checked('gitlab', gitlabSigned('a', SIGNING, NOON / 1000 - 299), [SIGNING]).proven).toBe(true);
  const redated = withHeaders(gitlabSigned('a', SIGNING, 0), { 'webhook-timestamp': String(NOON / 1000) });
  expect(checked('gitlab', redated, [SIGNING])).toEqual({ proven: false, refusal: 'forged' });
  const renamed = withHeaders(gitlabSigned('a'), { 'webhook-id': 'b' });
  expect(checked('gitlab', renamed, [SIGNING])).toEqual({ proven: false, refusal: 'forged' });
});

it('a better proof that is wrong is not made up for by a weaker one', () => {
  const both = { ...gitlabToken('a').headers, 'webhook-id': 'a', 'webhook-timestamp': String(NOON / 1000) };
  const delivery = { ...gitlabToken('a'), headers: { ...both, 'webhook-signature': 'v1,AAAA' } };
  expect(checked('gitlab', delivery, [SIGNING, SECRET])).toMatchObject({ proven: false });
  // Where only tokens are known the signature says nothing.
  expect(checked('gitlab', delivery, [SECRET])).toMatchObject({ proven: true });
  expect(checked('gitlab', gitlabToken('a'), [SIGNING])).toEqual({ proven: false, refusal: 'unsigned' });
  // A signing token is no token.
  expect(checked('gitlab', gitlabToken('a', SIGNING), [SIGNING])).toMatchObject({ proven: false });
  const forgejo = withHeaders(giteaPush('a', 'gitea'), { 'x-forgejo-signature': '0'.repeat(64) });
  expect(checked('forgejo', forgejo, [SECRET])).toEqual({ proven: false, refusal: 'forged' });
});

it('a delivery is named, or is one of its own', () => {
  const unnamed = [gitlabToken(null), gitlabToken(null)].map((one) => checked('gitlab', one, [SECRET]));
  expect(new Set(unnamed.map((one) => one.proven && one.id)).size).toBe(2);
  const github = SAMPLES[0]?.push() ?? gitlabToken(null);
  for (const id of [undefined, '', 'a b', 'x'.repeat(201), 'a\n'])
    expect(checked('github', withHeaders(github, { 'x-github-delivery': id }), [SECRET])).toEqual({
      proven: false,
      refusal: 'malformed',
    });
});

it('what is no push is nothing to us, and what is no event is refused', () => {
  const read = (kind: string, event: string, body: unknown) =>
    forgeOf(kind).read({ event, origin: null }, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
  for (const kind of ['github', 'gitea', 'pagure', 'gerrit'])
    expect(read(kind, 'issues', {})).toEqual({ kind: 'other' });
  expect(read('gitlab', 'Push Hook', { object_kind: 'issue' })).toEqual({ kind: 'other' });
  expect(
    read('pagure', 'pagure.git.tag.creation', {
      topic: 't',
      msg_id: 'a',
      timestamp: 1,
      msg: { pagure_instance: 'https://x', repo: { fullname: 'a' } },
    }),
  ).toMatchObject({ ref: null });
  for (const [kind, event] of [
    ['github', 'push'],
    ['gitea', 'push'],
    ['pagure', 'git.receive'],
    ['gerrit', 'ref-updated'],
    ['gitlab', ''],
  ] as const)
    for (const body of ['', '[]', 'null', '{', '{"ref":1,"object_kind":"push"}'])
      expect(() => read(kind, event, body)).toThrow();
});

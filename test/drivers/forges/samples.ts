import { createHmac } from 'node:crypto';
import type { RawDelivery } from '../../../src/model/index.ts';

/** 2026-11-20 12:00 UTC in milliseconds. */
export const NOON = 1_795_176_000_000;
export const OPTIONS = { now: NOON, window: 300_000 };
export const SECRET = 'a secret of thirty-two characters';
export const SIGNING = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export const hex = (body: string, secret = SECRET) => createHmac('sha256', secret).update(body).digest('hex');

/** A delivery as a forge sends it, over `body`. */
export interface Sample {
  kind: string;
  secret: string;
  /** A push to `main` of `https://forge.example.org/team/tool`. */
  push: () => RawDelivery;
  /** The header that proves it. */
  proof: string;
}

const raw = (body: string, headers: Record<string, string>): RawDelivery => ({
  headers: { 'content-type': 'application/json', ...headers },
  body: Buffer.from(body),
});

const base = 'https://forge.example.org/team/tool';
const commits = [{ id: '1'.repeat(40), message: 'Fix ü\u2028 <script>', author: { name: 'Ada' } }];

export function githubPush(id: string, secret = SECRET, url = base): RawDelivery {
  const repository = {
    full_name: 'team/tool',
    clone_url: `${url}.git`,
    ssh_url: 'git@forge.example.org:team/tool.git',
  };
  const body = JSON.stringify({ ref: 'refs/heads/main', after: id, commits, repository, html_url: base });
  return raw(body, {
    'x-github-event': 'push',
    'x-github-delivery': id,
    'x-hub-signature-256': `sha256=${hex(body, secret)}`,
  });
}

function gitlabBody(): string {
  const project = { git_http_url: `${base}.git`, git_ssh_url: 'git@forge.example.org:team/tool.git', web_url: base };
  return JSON.stringify({ object_kind: 'push', ref: 'refs/heads/main', project, commits });
}

export function gitlabSigned(id: string, secret = SIGNING, seconds = NOON / 1000): RawDelivery {
  const body = gitlabBody();
  const key = Buffer.from(secret.slice(6), 'base64');
  const digest = createHmac('sha256', key)
    .update(`${id}.${String(seconds)}.${body}`)
    .digest('base64');
  return raw(body, {
    'x-gitlab-event': 'Push Hook',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${digest}`,
    'idempotency-key': id,
  });
}

export function gitlabToken(id: string | null, token = SECRET): RawDelivery {
  const named = id === null ? {} : { 'idempotency-key': id };
  return raw(gitlabBody(), { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': token, ...named });
}

export function giteaPush(id: string, name: 'gitea' | 'forgejo', secret = SECRET): RawDelivery {
  const repository = { clone_url: `${base}.git`, ssh_url: 'ssh://git@forge.example.org:2222/team/tool.git' };
  const body = JSON.stringify({ ref: 'refs/heads/main', after: id, commits, repository });
  return raw(body, {
    [`x-${name}-event`]: 'push',
    [`x-${name}-delivery`]: id,
    [`x-${name}-signature`]: hex(body, secret),
  });
}

export function pagurePush(id: string, secret = SECRET, seconds = NOON / 1000): RawDelivery {
  const repo = { fullname: 'team/tool', url_path: 'team/tool', namespace: 'team', name: 'tool' };
  const msg = { repo, branch: 'main', pagure_instance: 'https://forge.example.org/', end_commit: '2'.repeat(40) };
  const body = JSON.stringify({ i: 1, msg, msg_id: id, timestamp: seconds, topic: 'git.receive' });
  return raw(body, {
    'x-pagure-topic': 'issue.new',
    'x-pagure-signature': createHmac('sha1', secret).update(body).digest('hex'),
    'x-pagure-signature-256': hex(body, secret),
  });
}

export function gerritPush(id: string, token = SECRET): RawDelivery {
  const refUpdate = { project: 'team/tool', refName: 'refs/heads/main', newRev: id, oldRev: '0'.repeat(40) };
  const body = JSON.stringify({ type: 'ref-updated', refUpdate, eventCreatedOn: NOON / 1000 });
  return raw(body, { 'x-origin-url': 'https://forge.example.org/', 'x-webhook-token': token });
}

export const SAMPLES: readonly Sample[] = [
  { kind: 'github', secret: SECRET, push: () => githubPush('a-1'), proof: 'x-hub-signature-256' },
  { kind: 'gitlab', secret: SIGNING, push: () => gitlabSigned('a-1'), proof: 'webhook-signature' },
  { kind: 'gitlab', secret: SECRET, push: () => gitlabToken('a-1'), proof: 'x-gitlab-token' },
  { kind: 'gitea', secret: SECRET, push: () => giteaPush('a-1', 'gitea'), proof: 'x-gitea-signature' },
  { kind: 'forgejo', secret: SECRET, push: () => giteaPush('a-1', 'forgejo'), proof: 'x-forgejo-signature' },
  { kind: 'pagure', secret: SECRET, push: () => pagurePush('2026-a-1'), proof: 'x-pagure-signature-256' },
  { kind: 'gerrit', secret: SECRET, push: () => gerritPush('3'.repeat(40)), proof: 'x-webhook-token' },
];

import type { ForgeEvent } from '../../../model/index.ts';
import { kindSchema, pushSchema } from './schema.ts';

/** What happened stands in the body, which a signature covers; the header only repeats it. */
export function read(_delivery: unknown, body: Buffer): ForgeEvent {
  const told: unknown = JSON.parse(body.toString('utf8'));
  const { object_kind: kind } = kindSchema.parse(told);
  if (kind !== 'push' && kind !== 'tag_push') return { kind: 'other' };
  const { ref, project } = pushSchema.parse(told);
  const { git_http_url: http, git_ssh_url: ssh, web_url: page } = project;
  return { kind: 'push', ref, repositories: [http, ssh, page].filter((url) => url !== undefined) };
}

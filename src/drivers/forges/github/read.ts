import type { ForgeEvent, ProvenDelivery } from '../../../model/index.ts';
import { pushSchema } from './schema.ts';

export function read({ event }: Pick<ProvenDelivery, 'event'>, body: Buffer): ForgeEvent {
  if (event !== 'push') return { kind: 'other' };
  const { ref, repository } = pushSchema.parse(JSON.parse(body.toString('utf8')));
  const { clone_url: https, ssh_url: ssh, git_url: git, html_url: page } = repository;
  return { kind: 'push', ref, repositories: [https, ssh, git, page].filter((url) => url !== undefined) };
}

import type { ForgeEvent, ProvenDelivery } from '../../../model/index.ts';
import { pushSchema } from './schema.ts';

export function read({ event }: Pick<ProvenDelivery, 'event'>, body: Buffer): ForgeEvent {
  if (event !== 'push') return { kind: 'other' };
  const { ref, repository } = pushSchema.parse(JSON.parse(body.toString('utf8')));
  const { clone_url: http, ssh_url: ssh, html_url: page } = repository;
  return { kind: 'push', ref, repositories: [http, ssh, page].filter((url) => url !== undefined) };
}

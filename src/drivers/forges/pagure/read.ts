import type { ForgeEvent, ProvenDelivery } from '../../../model/index.ts';
import { messageSchema, pushSchema } from './schema.ts';

/** Topics come with or without what the instance puts before them: `git.receive`, `pagure.git.receive`. */
export function read({ event }: Pick<ProvenDelivery, 'event'>, body: Buffer): ForgeEvent {
  const tag = /(^|\.)git\.tag\.creation$/.test(event);
  if (!tag && !/(^|\.)git\.receive$/.test(event)) return { kind: 'other' };
  const { msg } = messageSchema.parse(JSON.parse(body.toString('utf8')));
  const { repo, branch, pagure_instance: instance } = pushSchema.parse(msg);
  const paths = [repo.url_path, repo.fullname].filter((path) => path !== undefined);
  const repositories = paths.map((path) => `${instance.replace(/\/+$/, '')}/${path}`);
  if (repo.full_url !== undefined) repositories.push(repo.full_url);
  return { kind: 'push', ref: tag || branch === undefined ? null : branchRef(branch), repositories };
}

const branchRef = (branch: string) => (branch.startsWith('refs/') ? branch : `refs/heads/${branch}`);

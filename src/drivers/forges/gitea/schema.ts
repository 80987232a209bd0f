import { z } from 'zod';

const url = z.string().max(2000).optional();

/** Of a `push` event, what we read (docs.gitea.com, Webhooks). */
export const pushSchema = z.object({
  ref: z.string().max(1000),
  repository: z.object({ clone_url: url, ssh_url: url, html_url: url }),
});

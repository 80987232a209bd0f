import { z } from 'zod';

const url = z.string().max(2000).optional();

/** Every event says its kind; system hooks say it as `event_name`, and are none of ours. */
export const kindSchema = z.object({ object_kind: z.string().max(100).optional() });

/** Of a push, of a branch or of a tag, what we read (docs.gitlab.com, Webhook events). */
export const pushSchema = z.object({
  ref: z.string().max(1000),
  project: z.object({ git_http_url: url, git_ssh_url: url, web_url: url }),
});

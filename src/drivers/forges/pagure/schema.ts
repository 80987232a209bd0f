import { z } from 'zod';

const path = z.string().max(1000).optional();

/** What every message has. */
export const messageSchema = z.object({
  topic: z.string().max(200),
  msg_id: z.string().max(200),
  /** Seconds since the epoch. */
  timestamp: z.number(),
  msg: z.unknown(),
});

/** Of `git.receive`, what we read. */
export const pushSchema = z.object({
  pagure_instance: z.string().max(1000),
  branch: z.string().max(1000).optional(),
  repo: z.object({ fullname: path, url_path: path, full_url: path }),
});

import { basename, dirname } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TrunklineError } from '../lib/index.ts';

export interface SentFile {
  /** Absolute, checked, and with no link in it that leads elsewhere. */
  path: string;
  /** Content-Type. */
  type: string;
  /** Cache-Control. */
  cache: string;
}

/** Sends a file: ranges, ETag, Last-Modified and what clients ask by them. @throws TrunklineError `not_found`, `invalid_argument` for a range it has not */
export async function sendFile(request: FastifyRequest, reply: FastifyReply, file: SentFile): Promise<FastifyReply> {
  const { send } = await import('@fastify/send');
  const options = {
    root: dirname(file.path),
    index: false,
    dotfiles: 'deny',
    cacheControl: false,
    contentType: false,
  } as const;
  const result = await send(request.raw, encodeURIComponent(basename(file.path)), options);
  if (result.type === 'directory' || result.statusCode === 404 || result.statusCode === 403)
    throw new TrunklineError('not_found', 'There is no such file', { hint: 'it may have been removed just now' });
  void reply.headers({ ...result.headers, 'cache-control': file.cache }).code(result.statusCode);
  if (result.statusCode === 416) void reply.header('content-range', result.headers['Content-Range'] ?? '');
  if (result.type === 'error') return sendFailure(reply, result.statusCode);
  void reply.type(file.type);
  return reply.send(result.stream);
}

function sendFailure(reply: FastifyReply, status: number): never {
  // What describes the file describes no answer of ours.
  for (const name of ['content-length', 'content-type', 'last-modified', 'etag', 'cache-control'])
    void reply.removeHeader(name);
  const what = status === 412 ? 'The file is not the one that was asked for' : 'The file has no such bytes';
  const code = status === 412 ? 'precondition_failed' : 'range_not_satisfiable';
  throw new TrunklineError(code, what, { hint: 'ask for it whole' });
}

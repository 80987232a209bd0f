import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { logBytes, type OpenLog } from '../builds/logs/index.ts';
import { TrunklineError } from '../lib/index.ts';

/**
 * Sends a log as text and closes it: whole, or a range of its text's bytes, whether it is kept compressed or not. Whole, it is sent compressed to whoever
 * takes gzip. @throws TrunklineError `range_not_satisfiable`
 */
export async function sendLog(request: FastifyRequest, reply: FastifyReply, log: OpenLog): Promise<FastifyReply> {
  try {
    const { packed } = log;
    const { headers } = request;
    void reply.type('text/plain; charset=utf-8');
    void reply.headers({ 'cache-control': 'private, no-cache', vary: 'accept-encoding', 'accept-ranges': 'bytes' });
    const etag = `"${log.tag}"`;
    const range = headers['if-range'] === undefined || headers['if-range'] === etag ? headers.range : undefined;
    if (packed !== null && range === undefined && takesGzip(headers['accept-encoding']))
      return await sendPacked(request, reply, { log, packed });
    void reply.header('etag', etag);
    if (isKnown(headers['if-none-match'], etag)) return await sendNothing(reply, log);
    const part = range === undefined ? null : partOf(range, log.size);
    if (part === 'outside') throw outside(reply, log.size);
    const { start, end } = part ?? { start: 0, end: log.size };
    if (part !== null)
      void reply.code(206).header('content-range', `bytes ${String(start)}-${String(end - 1)}/${String(log.size)}`);
    void reply.header('content-length', end - start);
    const stream = Readable.from(logBytes(log, start, end), { objectMode: false });
    stream.once('close', () => void log.close());
    return await reply.send(stream);
  } catch (error) {
    await log.close();
    throw error;
  }
}

async function sendPacked(
  request: FastifyRequest,
  reply: FastifyReply,
  { log, packed }: { log: OpenLog; packed: string },
): Promise<FastifyReply> {
  // Another text of the same bytes has another tag, RFC 9110, 8.8.3.3.
  const etag = `"${log.tag}-gz"`;
  void reply.header('etag', etag);
  if (isKnown(request.headers['if-none-match'], etag)) return sendNothing(reply, log);
  await log.close();
  const { size } = await stat(packed);
  void reply.headers({ 'content-encoding': 'gzip', 'content-length': size });
  return reply.send(createReadStream(packed));
}

async function sendNothing(reply: FastifyReply, log: OpenLog): Promise<FastifyReply> {
  await log.close();
  return reply.code(304).send();
}

function isKnown(header: string | undefined, etag: string): boolean {
  return header?.split(',').some((one) => ['*', etag, `W/${etag}`].includes(one.trim())) ?? false;
}

/** RFC 9110, 12.5.3, as far as gzip goes; without the header nothing is compressed. */
function takesGzip(header: string | undefined): boolean {
  return (header ?? '')
    .toLowerCase()
    .split(',')
    .some((one) => /^\s*(?:x-)?gzip\s*(?:;|$)/.test(one) && !/;\s*q=0(?:\.0{0,3})?\s*$/.test(one));
}

/** RFC 9110, 14.1: the first and the last byte, or how many at the end. More than one range is answered whole, as what has no form. */
function partOf(range: string, size: number): { start: number; end: number } | 'outside' | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range.trim());
  const [first, last] = [match?.[1] ?? '', match?.[2] ?? ''];
  if (first === '' && last === '') return null;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return null;
  return start < end ? { start, end } : 'outside';
}

function outside(reply: FastifyReply, size: number): TrunklineError {
  for (const name of ['etag', 'accept-ranges', 'cache-control']) void reply.removeHeader(name);
  void reply.header('content-range', `bytes */${String(size)}`);
  return new TrunklineError('range_not_satisfiable', 'The log has no such bytes', { hint: 'ask for it whole' });
}

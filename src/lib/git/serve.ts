import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { basename, dirname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { TrunklineError } from '../errors.ts';
import { BASE_ENVIRONMENT } from '../run.ts';
import { gitEnvironment } from './command.ts';

/** A request of a git client, by the paths of git's HTTP protocol below the repository (gitprotocol-http(5)). */
export interface GitQuestion {
  /** `info` is `GET info/refs?service=git-upload-pack`, `fetch` is `POST git-upload-pack`. Nothing else is answered: no push, no plain files. */
  kind: 'info' | 'fetch';
  /** The header Git-Protocol. */
  protocol: string | undefined;
  /** The header Content-Encoding: git compresses long questions. */
  encoding: string | undefined;
  /** Of `fetch`. */
  body: Uint8Array;
}

export interface GitAnswer {
  status: number;
  headers: Record<string, string>;
  body: Readable;
}

/** Every commit that a mirror keeps can be had, also one that no branch leads to any more: a build of it may be repeated. */
const CONFIG = [
  ['http.uploadpack', 'true'],
  ['http.receivepack', 'false'],
  ['http.getanyfile', 'false'],
  ['uploadpack.allowAnySHA1InWant', 'true'],
] as const;

const LONGEST_HEAD = 8192;

/**
 * Answers a git client's question about a bare repository of ours, by `git http-backend` (CGI). The process ends when `signal` is aborted.
 * @throws TrunklineError `not_found`, `missing_tool`, `git_failed`
 */
export async function serveMirror(path: string, question: GitQuestion, signal: AbortSignal): Promise<GitAnswer> {
  const child = spawn('git', ['http-backend'], {
    cwd: '/',
    env: { ...BASE_ENVIRONMENT, ...gitEnvironment({ path }, CONFIG, []), ...cgiEnvironment(path, question) },
    stdio: ['pipe', 'pipe', 'ignore'],
    signal,
    killSignal: 'SIGKILL',
  });
  // A client that has what it wanted reads no further.
  child.stdin.on('error', () => undefined);
  child.stdin.end(question.body);
  const { status, headers } = parseHead(await readHead(child));
  if (status === 404) throw new TrunklineError('not_found', 'There is no such mirror');
  return { status, headers, body: child.stdout };
}

function cgiEnvironment(path: string, { kind, protocol, encoding, body }: GitQuestion): Record<string, string> {
  const info = kind === 'info';
  return {
    GIT_PROJECT_ROOT: dirname(path),
    GIT_HTTP_EXPORT_ALL: '1',
    PATH_INFO: `/${basename(path)}/${info ? 'info/refs' : 'git-upload-pack'}`,
    REQUEST_METHOD: info ? 'GET' : 'POST',
    QUERY_STRING: info ? 'service=git-upload-pack' : '',
    CONTENT_TYPE: info ? '' : 'application/x-git-upload-pack-request',
    CONTENT_LENGTH: String(body.length),
    // `version=2`, and whatever a client may send, kept away from the environment.
    ...(protocol !== undefined && /^[a-z0-9=:.-]{1,100}$/i.test(protocol) ? { GIT_PROTOCOL: protocol } : {}),
    ...(encoding === 'gzip' || encoding === 'x-gzip' ? { HTTP_CONTENT_ENCODING: encoding } : {}),
  };
}

/** What stands before the empty line; the rest is left in the stream. */
async function readHead(child: ChildProcessByStdio<Writable, Readable, null>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let head = Buffer.alloc(0);
  const failed = (error?: Error) => {
    const missing = error !== undefined && 'code' in error && error.code === 'ENOENT';
    reject(
      new TrunklineError(missing ? 'missing_tool' : 'git_failed', 'git http-backend gave no answer', { cause: error }),
    );
  };
  const onReadable = () => {
    for (
      let chunk = child.stdout.read() as Buffer | null;
      chunk !== null;
      chunk = child.stdout.read() as Buffer | null
    ) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0 && head.length < LONGEST_HEAD) continue;
      child.stdout.off('readable', onReadable);
      if (end < 0) failed();
      else {
        child.stdout.unshift(head.subarray(end + 4));
        resolve(head.subarray(0, end).toString('latin1'));
      }
      return;
    }
  };
  child.stdout.on('readable', onReadable);
  child.stdout.on('end', () => {
    failed();
  });
  child.on('error', failed);
  return promise;
}

function parseHead(text: string): Pick<GitAnswer, 'status' | 'headers'> {
  const headers: Record<string, string> = {};
  for (const line of text.split('\r\n')) {
    const [, name, value] = /^([A-Za-z-]+): *(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) headers[name.toLowerCase()] = value;
  }
  const { status = '200', ...rest } = headers;
  return { status: Number(status.slice(0, 3)), headers: rest };
}

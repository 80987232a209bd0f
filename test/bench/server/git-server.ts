import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { sha256 } from '../../../src/lib/index.ts';
import { serveMirror, type GitQuestion } from '../../../src/lib/git/index.ts';

/** A repository behind git's own http-backend, at every address below `url`. */
export interface GitServer {
  url: string;
  /** Requests so far. */
  requests(): number;
  close(): Promise<void>;
}

/**
 * Serves git directories, in which nothing changes meanwhile, by the first part of the address: `{up: '/…/up.git'}` answers at `/up/whatever`. What was
 * asked before is answered as git did then: its processes would take more of the machine than what asks them.
 */
export async function serveGit(repositories: Readonly<Record<string, string>>): Promise<GitServer> {
  let requests = 0;
  const given = new Map<string, Promise<Answer>>();
  const answerTo = (path: string, question: GitQuestion) => {
    const key = [path, question.kind, question.protocol, question.encoding, sha256(question.body)].join(' ');
    const known = given.get(key) ?? askGit(path, question);
    given.set(key, known);
    return known;
  };
  const server = createServer((request, response) => {
    requests += 1;
    const [, name = ''] = (request.url ?? '').split('/');
    const path = repositories[name];
    const kind = request.method === 'POST' ? 'fetch' : 'info';
    const { 'git-protocol': protocol, 'content-encoding': encoding } = request.headers;
    const answer = async () => {
      if (path === undefined) throw new Error('there is no such repository');
      const body = await buffer(request);
      const answer = await answerTo(path, { kind, protocol: protocol?.toString(), encoding, body });
      response.writeHead(answer.status, answer.headers).end(answer.body);
    };
    answer().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    requests: () => requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

async function askGit(path: string, question: GitQuestion): Promise<Answer> {
  const { status, headers, body } = await serveMirror(path, question, AbortSignal.timeout(60_000));
  return { status, headers, body: await buffer(body) };
}

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { serveMirror } from '../../../src/lib/git/index.ts';

/** A repository behind git's own http-backend, at every address below `url`. */
export interface GitServer {
  url: string;
  /** Requests so far. */
  requests(): number;
  close(): Promise<void>;
}

/** Serves git directories by the first part of the address: `{up: '/…/up.git'}` answers at `/up/whatever`. */
export async function serveGit(repositories: Readonly<Record<string, string>>): Promise<GitServer> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const [, name = ''] = (request.url ?? '').split('/');
    const path = repositories[name];
    const kind = request.method === 'POST' ? 'fetch' : 'info';
    const { 'git-protocol': protocol, 'content-encoding': encoding } = request.headers;
    const answer = async () => {
      if (path === undefined) throw new Error('there is no such repository');
      const body = await buffer(request);
      const question = { kind, protocol: protocol?.toString(), encoding, body } as const;
      const given = await serveMirror(path, question, AbortSignal.timeout(60_000));
      response.writeHead(given.status, given.headers);
      await pipeline(given.body, response);
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

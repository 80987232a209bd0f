import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Heard {
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** A receiver of webhooks on loopback. `answer` says with which status, or null to say nothing at all. */
export async function listen(answer: (heard: Heard) => number | null = () => 204) {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      const one = { path: request.url ?? '', headers: flat(request.headers), body };
      heard.push(one);
      const status = answer(one);
      if (status === null) return;
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {});
      response.end('x'.repeat(100_000));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { heard, port, url: `http://127.0.0.1:${String(port)}/hook` };
}

const flat = (headers: IncomingHttpHeaders) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

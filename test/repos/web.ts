import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';

/** A plain web server for a directory, as any would do: symbolic links followed, queries passed over, `If-Modified-Since` by the second. */
export async function serve(
  directory: string,
): Promise<{ url: string; requests: string[]; close: () => Promise<void> }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const path = join(directory, normalize(decodeURIComponent(request.url?.split('?')[0] ?? '/')));
      requests.push(request.url ?? '');
      const status = await stat(path).catch(() => undefined);
      if (status === undefined || !path.startsWith(directory) || !status.isFile()) {
        response.writeHead(404).end();
        return;
      }
      const changed = Math.floor(status.mtimeMs / 1000) * 1000;
      if (Date.parse(request.headers['if-modified-since'] ?? '') >= changed) {
        response.writeHead(304).end();
        return;
      }
      response.writeHead(200, { 'content-length': status.size, 'last-modified': new Date(changed).toUTCString() });
      createReadStream(path).pipe(response);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${String(port)}`, requests, close };
}

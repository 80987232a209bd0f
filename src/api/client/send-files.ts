import { open } from 'node:fs/promises';
import { arrivedSchema, type ArrivalResource } from '../resources/uploads.ts';
import type { Ask } from './index.ts';

/** Bytes sent at once. */
const PIECE = 8 * 2 ** 20;

export interface Sending {
  target: string;
  upload: string;
  missing: ArrivalResource['missing'][number];
  /** Of the file, on this machine. */
  path: string;
}

/** Sends what is missing of a file. @throws TrunklineError as `Client.post` */
export async function sendFile(
  ask: Ask,
  { target, upload, missing, path }: Sending,
  signal: AbortSignal,
): Promise<void> {
  const address = `/targets/${encodeURIComponent(target)}/uploads/${upload}/files/${encodeURIComponent(missing.name)}`;
  const handle = await open(path);
  try {
    for (let at = missing.come; at < missing.size;) {
      const { bytesRead, buffer } = await handle.read(new Uint8Array(PIECE), 0, PIECE, at);
      if (bytesRead === 0) return;
      const response = await ask(`${address}?offset=${String(at)}`, {
        ...{ accept: 'application/json', method: 'PUT', body: buffer.subarray(0, bytesRead), signal },
      });
      at = arrivedSchema.parse(await response.json()).come;
    }
  } finally {
    await handle.close();
  }
}

import type { Client, KeyResource } from '../api/index.ts';
import { describeKey, type KeyOrder } from '../app/index.ts';
import type { TrunkContext } from '../builds/index.ts';
import type { Settings } from '../model/index.ts';
import { actor } from './order.ts';
import { onServerOrAlone, type ServerOptions } from './server.ts';

export interface KeyOptions extends ServerOptions {
  reason?: string;
}

/** Changes the keys with the server where one runs, alone otherwise; there need be no key yet. @throws TrunklineError as either does */
export async function changeKeys(
  settings: Settings,
  options: KeyOptions,
  work: {
    alone: (context: TrunkContext, order: KeyOrder) => Promise<Parameters<typeof describeKey>[0]>;
    server: (client: Client, body: { reason?: string }) => Promise<KeyResource>;
  },
): Promise<KeyResource> {
  const { reason } = options;
  const { done } = await onServerOrAlone<KeyResource>(settings, options, {
    alone: async ({ context }) => describeKey(await work.alone(context, { actor: actor(), reason: reason ?? null })),
    server: (client) => work.server(client, reason === undefined ? {} : { reason }),
    how: { forKeys: true },
  });
  return done;
}

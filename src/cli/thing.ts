import type { Client } from '../api/index.ts';
import type { Thing } from '../promotion/index.ts';

/** A build or a snapshot as a server is asked about it: by its target. @throws TrunklineError `not_found` for a build that is not there */
export async function thingAsked(
  client: Client,
  thing: Thing,
): Promise<{ target: string; build: number } | { target: string; snapshot: string }> {
  if (!('buildId' in thing)) return thing;
  const { target } = await client.get('getBuild', { build: thing.buildId });
  return { target, build: thing.buildId };
}

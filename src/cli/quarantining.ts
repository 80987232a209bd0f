import { quarantineDamaged, type Suspect } from '../app/index.ts';
import { TrunklineError } from '../lib/index.ts';
import { requireTarget, type Settings } from '../model/index.ts';
import { actor } from './order.ts';
import { onServerOrAlone, type ServerOptions } from './server.ts';

/** What came of having damaged files put aside. */
export interface PutAside {
  /** Where each lies now, in their order; null where nothing was done. */
  places: (string | null)[];
  /** Why nobody could be had to do it. */
  refusal: TrunklineError | null;
}

/** Has damaged files of a target read again and put aside: by the server where one runs, which may be using them. Found well meanwhile, they stay. */
export async function putAside(
  settings: Settings,
  options: ServerOptions,
  target: string,
  files: readonly Suspect[],
): Promise<PutAside> {
  const places = files.map((): string | null => null);
  try {
    await onServerOrAlone(settings, options, {
      alone: async ({ context }) => {
        const own = requireTarget(context.settings, target);
        for (const [n, file] of files.entries()) places[n] = await quarantineDamaged(context, own, file, actor());
      },
      server: async (client) => {
        for (const [n, { fullName, fileName }] of files.entries()) {
          const { quarantined } = await client.post('quarantine', { target, package: fullName }, { file: fileName });
          places[n] = quarantined;
        }
      },
    });
    return { places, refusal: null };
  } catch (error) {
    if (!(error instanceof TrunklineError)) throw error;
    return { places, refusal: error };
  }
}

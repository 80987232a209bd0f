import { TrunklineError } from '../../lib/index.ts';
import type { Settings } from '../../model/index.ts';
import { LISTEN_REMEDY, parseListen } from './schema/server.ts';

/** The settings with another place to listen at. @throws TrunklineError `invalid_argument` */
export function withListen(settings: Settings, place: string): Settings {
  const listen = parseListen(place);
  if (listen === undefined)
    throw new TrunklineError('invalid_argument', `${JSON.stringify(place.slice(0, 80))} is no place to listen at`, {
      hint: LISTEN_REMEDY,
    });
  return { ...settings, server: { ...settings.server, listen } };
}

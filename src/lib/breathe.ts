import { setImmediate as turn } from 'node:timers/promises';

/** Milliseconds for which a piece of work may keep this thread from others. */
const LONGEST = 10;
let since = 0;

/** Lets others have this thread where it may have been kept from them for long: to be waited for between small pieces of work that do not wait. */
export async function breathe(): Promise<void> {
  if (performance.now() - since < LONGEST) return;
  await turn();
  since = performance.now();
}

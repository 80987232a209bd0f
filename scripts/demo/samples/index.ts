import { join } from 'node:path';
import { makeRepository, type SampleCommit } from '../repository.ts';
import { greeter } from './greeter.ts';
import { libgreet } from './libgreet.ts';
import { pyfacts } from './pyfacts.ts';

export { BREAKING, MENDING } from './greeter.ts';

/** An upstream project with its packaging for both formats, as histories. */
export interface Sample {
  name: string;
  upstream: readonly SampleCommit[];
  packaging: readonly SampleCommit[];
}

/** greeter needs libgreet to build, and its third commit breaks the packaging until the fifth. */
export const SAMPLES: readonly Sample[] = [greeter, libgreet, pyfacts];

/** 2026-11-02 08:00 UTC. */
const START = 1_793_606_400;

/** Makes `<directory>/upstream/<name>` and `<directory>/packaging/<name>`; answers the upstream hashes by project, oldest first. */
export async function makeSamples(directory: string): Promise<Record<string, string[]>> {
  const hashes: Record<string, string[]> = {};
  for (const sample of SAMPLES) {
    hashes[sample.name] = await makeRepository(join(directory, 'upstream', sample.name), sample.upstream, START);
    await makeRepository(join(directory, 'packaging', sample.name), sample.packaging, START);
  }
  return hashes;
}

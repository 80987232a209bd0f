import type { Builder } from '../../model/index.ts';
import { createMockBuilder } from './mock/index.ts';
import { createSandboxBuilder } from './sandbox/index.ts';
import { createSbuildBuilder } from './sbuild/index.ts';

/** The builders there are, by name. `stateDirectory` is `<data_dir>/roots`. */
export function createBuilders(options: { stateDirectory: string }): ReadonlyMap<string, Builder> {
  const builders = [createSandboxBuilder(options), createMockBuilder(options), createSbuildBuilder(options)];
  return new Map(builders.map((builder) => [builder.capabilities.name, builder]));
}

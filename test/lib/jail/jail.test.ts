import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJail, type Jail } from '../../../src/lib/jail/index.ts';

const limits = { memory: 512 * 1024 * 1024, processes: 100, disk: 64 * 1024 * 1024 };

describe('a run on this machine’s own tools', () => {
  let jail: Jail;
  beforeAll(async () => {
    jail = await openJail({ label: 'test-tools', limits });
  });
  afterAll(() => jail.close());

  it.each([
    ['rpm', ['/usr/bin/rpm', '--version'], /^RPM version/],
    ['rpmbuild', ['/usr/bin/rpmbuild', '--version'], /^RPM version/],
    ['dnf', ['/usr/bin/dnf', '--version'], /^\d+\.\d+/],
    ['apt', ['/usr/bin/apt-get', '--version'], /^apt /],
    ['dpkg', ['/usr/bin/dpkg', '--version'], /dpkg/],
    ['createrepo_c', ['/usr/bin/createrepo_c', '--version'], /^Version: /],
    ['python3', ['/usr/bin/python3', '-c', 'import json, ssl; print(json.dumps(1))'], /^1$/m],
  ] as const)('runs %s', async (_name, command, expected) => {
    for (const user of ['root', 'builder'] as const) {
      const result = await jail.run(command, { root: 'tools', user, timeout: 30 });
      expect(result).toMatchObject({ exitCode: 0, stop: null });
      expect(result.stdout).toMatch(expected);
    }
  });
});

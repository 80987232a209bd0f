import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../../../src/lib/index.ts';
import { spec } from '../samples.ts';
import { openRpmWorkshop, type RpmWorkshop } from './rpm-workshop.ts';

const containing = (text: string): unknown => expect.stringContaining(text);

describe('what runs in the sandbox', () => {
  let workshop: RpmWorkshop;

  beforeAll(async () => {
    workshop = await openRpmWorkshop();
  }, 300_000);
  afterAll(() => workshop.close());

  test('what a spec runs while it is parsed, and a build, can neither write outside nor reach a network', async () => {
    const marker = join(workshop.top, 'escaped');
    const text = spec('hostile', {
      header: `%global escape %(echo x > ${marker}; echo x > /etc/trunkline-escaped; id -u)`,
      build: `echo parsed-as-%{escape}\necho x > ${marker} || echo kept in\ncat /proc/net/dev\nls /root /home || :`,
    });
    const outcome = await workshop.build('hostile', text);
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.log).toContain('parsed-as-1000');
    expect(outcome.log).toContain('kept in');
    expect(outcome.log).not.toContain('eth0');
    await expect(stat(marker)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(stat('/etc/trunkline-escaped')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a Lua scriptlet, which runs inside dnf, changes nothing outside the root that is thrown away', async () => {
    const marker = join(workshop.top, 'lua-escaped');
    const paths = [marker, '/etc/trunkline-lua', '/cache/trunkline-lua', '/usr/trunkline-lua'];
    // rpm changes to the root for scriptlets; this one tries to leave it first.
    const lines = [
      'posix.mkdir("/escape")',
      'for n = 1, 30 do posix.chdir("..") end',
      ...paths.map((path) => `local f = io.open("${path}", "w"); if f then f:write("x"); f:close() end`),
      'print("lua was here")',
    ];
    const scriptlets = `%pre -p <lua>\n${lines.join('\n')}\n`;
    const outcome = await workshop.build('lua', spec('lua', { scriptlets }));
    const verified = await workshop.verify('lua', await workshop.repositoryOf('lua', [outcome]));
    expect(verified).toMatchObject({ ok: true });
    expect(verified.log).toContain('lua was here');
    const root = join(workshop.state, workshop.target.name, 'current');
    const outside = [marker, '/etc/trunkline-lua', '/usr/trunkline-lua', join(root, 'clean/etc/trunkline-lua')];
    for (const path of [...outside, join(root, 'cache/trunkline-lua'), join(root, 'clean/escape')])
      await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('limits end a build, and say which', async () => {
    const slow = await workshop.build('slow', spec('slow', { build: 'sleep 600' }), { limits: { time: 3 } });
    expect(slow).toMatchObject({ ok: false, reason: 'timeout', detail: containing('limit of 3 s') });
    const loud = await workshop.build('loud', spec('loud', { build: 'yes' }), { limits: { output: 200_000 } });
    expect(loud).toMatchObject({ ok: false, reason: 'build_failed', detail: containing('limits.output') });
    const full = await workshop.build('full', spec('full', { build: 'head -c 200M /dev/zero > big' }), {
      limits: { disk: 50 * 1024 ** 2 },
    });
    expect(full).toMatchObject({ ok: false, reason: 'build_failed', detail: containing('No space left on device') });
  });

  test('an aborted build throws the reason and leaves nothing running', async () => {
    const controller = new AbortController();
    const nap = 20_000 + process.pid;
    const building = workshop.build('nap', spec('nap', { build: `sleep ${nap}` }), { signal: controller.signal });
    const ended = expect(building).rejects.toThrow('enough');
    await pause(1500);
    controller.abort(new Error('enough'));
    await ended;
    const { stdout } = await run(['ps', '-eo', 'args']);
    expect(stdout).not.toContain(`sleep ${nap}`);
  });
});

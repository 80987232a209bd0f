// Opens a jail, starts something in it that never ends and says so; the test kills this process.
import { openJail } from '../../../src/lib/jail/index.ts';

const jail = await openJail({
  label: 'test-killed',
  limits: { memory: 128 * 1024 * 1024, processes: 50, disk: 1024 * 1024 },
});
const root = await jail.addRoot([]);
const mark = process.argv[2] ?? '';
process.stdout.write('open\n');
await jail.run(['/bin/sh', '-c', `setsid sleep ${mark} & sleep ${mark} & wait`], {
  root: 'tools',
  rootsInside: [{ root, target: '/inside' }],
  user: 'root',
  timeout: 600,
});

// Starts a run whose input never comes, says so when it is there, and has nothing else to do: it should end at once. With `kill` it waits to be killed.
import { openJail } from '../../../src/lib/jail/index.ts';

const [mark = '', how] = process.argv.slice(2);
const jail = await openJail({
  label: 'test-waiting',
  limits: { memory: 128 * 1024 * 1024, processes: 50, disk: 1024 * 1024 },
});
void jail.run(['/bin/sh', '-c', `setsid sleep ${mark} & read -r x`], {
  ...{ root: 'tools', user: 'builder', timeout: 600, input: new Promise<Uint8Array>(() => undefined) },
});
await new Promise((resolve) => setTimeout(resolve, 300));
if (how === 'kill') setTimeout(() => undefined, 60_000);
process.stdout.write('open\n');

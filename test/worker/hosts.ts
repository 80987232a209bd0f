import { onTestFinished } from 'vitest';
import { run } from '../../src/lib/index.ts';

/** A machine of its own as far as the network goes. */
export interface Host {
  /** Of its network namespace. */
  name: string;
  address: string;
  /** Takes its cable out of the switch: nothing comes, nothing goes, and nobody is told. */
  cut: () => Promise<void>;
  heal: () => Promise<void>;
}

const ip = (...args: string[]) => run(['ip', ...args]);

/** Why this machine can make no hosts; null: it can. */
export async function whyNoHosts(): Promise<string | null> {
  const name = `tl-try-${String(process.pid)}`;
  try {
    await ip('netns', 'add', name);
    await ip('-n', name, 'link', 'add', 'br0', 'type', 'bridge');
    await run(['nsenter', `--net=/run/netns/${name}`, 'true']);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await ip('netns', 'del', name).catch(() => undefined);
  }
}

/** A server and two workers, each in a network namespace, at a switch that stands with the server; gone when the test has finished. */
export async function openHosts(): Promise<{ server: Host; one: Host; two: Host }> {
  const mark = `tl${String(process.pid)}`;
  const names = ['server', 'one', 'two'].map((name) => `${mark}-${name}`);
  const [server = '', ...workers] = names;
  onTestFinished(async () => {
    for (const name of names) await ip('netns', 'del', name).catch(() => undefined);
  });
  for (const name of names) {
    await ip('netns', 'add', name);
    await ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  await ip('-n', server, 'link', 'add', 'br0', 'type', 'bridge');
  await ip('-n', server, 'addr', 'add', '10.231.77.1/24', 'dev', 'br0');
  await ip('-n', server, 'link', 'set', 'br0', 'up');
  const hosts = [];
  for (const [n, name] of workers.entries()) {
    const [port, address] = [`port${String(n)}`, `10.231.77.${String(n + 2)}`];
    await ip('-n', server, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    await ip('-n', server, 'link', 'set', port, 'master', 'br0', 'up');
    await ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    await ip('-n', name, 'link', 'set', 'eth0', 'up');
    hosts.push({
      ...{ name, address },
      cut: () => ip('-n', server, 'link', 'set', port, 'nomaster').then(() => undefined),
      heal: () => ip('-n', server, 'link', 'set', port, 'master', 'br0').then(() => undefined),
    });
  }
  const [one, two] = hosts as [Host, Host];
  const nothing = () => Promise.resolve();
  return { server: { name: server, address: '10.231.77.1', cut: nothing, heal: nothing }, one, two };
}

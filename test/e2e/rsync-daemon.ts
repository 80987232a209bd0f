import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { until } from './command-line.ts';

/** An rsync daemon on this machine whose module is `directory`; ended when the test has finished. Answers the module's address. */
export async function startRsyncDaemon(directory: string): Promise<string> {
  const port = await freePort();
  const config = `${directory}.rsyncd.conf`;
  const options = ['use chroot = yes', 'uid = root', 'gid = root', 'read only = no', `path = ${directory}`];
  await writeFile(config, `[mirror]\n${options.join('\n')}\n`);
  const where = ['--address=127.0.0.1', `--port=${String(port)}`, `--config=${config}`];
  const daemon = spawn('rsync', ['--daemon', '--no-detach', ...where], { stdio: 'ignore' });
  onTestFinished(async () => {
    const ended = once(daemon, 'exit');
    if (daemon.exitCode === null && daemon.kill()) await ended;
  });
  await until('the rsync daemon to listen', () => answers(port));
  return `rsync://127.0.0.1:${String(port)}/mirror`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(port, '127.0.0.1');
    connection.once('data', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => {
      resolve(false);
    });
  });
}

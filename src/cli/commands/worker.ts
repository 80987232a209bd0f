import { defineCommand, wholeNumber } from '../command.ts';

interface Options {
  server: string;
  tokenFile: string;
  data: string;
  jobs?: number;
  name?: string;
  memory?: number;
  keep?: number;
  label?: string[];
}

const MIB = 1024 ** 2;

export const worker = defineCommand<Options>({
  path: ['worker'],
  summary: 'build for a server on this machine',
  details: [
    'Asks a server for work over HTTP and needs nothing but its address and a token (trunkline token create worker/NAME --target …):',
    'no configuration, database or key. Roots are made when they are missing. When it is stopped, what it was building is built elsewhere; trunkline workers drain has it end when its builds have.',
  ].join('\n'),
  options: [
    { flags: '--server <URL>', description: 'as https://trunkline.example', required: true },
    { flags: '--token-file <FILE>', description: 'file whose first line is the token', required: true },
    { flags: '--data <DIR>', description: 'directory of this worker’s own', required: true },
    {
      flags: '--jobs <N>',
      description: 'builds at once (default: 1)',
      parse: wholeNumber('--jobs', 1, 256),
    },
    {
      flags: '--name <NAME>',
      description: 'its name, other than that of others with the same token (default: the host’s)',
    },
    {
      flags: '--label <NAME...>',
      description: 'what this machine has of the labels that targets ask for; its token has to grant them',
    },
    {
      flags: '--memory <MIB>',
      description: 'what one build may have (default: what the machine has)',
      parse: wholeNumber('--memory', 64, 100_000_000),
    },
    {
      flags: '--keep <MIB>',
      description: 'packages of the server’s repositories that are kept (default: 20480)',
      parse: wholeNumber('--keep', 0, 1_000_000_000),
    },
  ],
  run: async ({ print, options, signal }) => {
    const path = await import('node:path');
    const { hostname, totalmem } = await import('node:os');
    const { runWorker } = await import('../../worker/index.ts');
    const { readToken, serverUrl, tellEvent, workerNamed } = await import('../worker-report.ts');
    await runWorker({
      server: { url: serverUrl(options.server), token: await readToken(options.tokenFile) },
      name: workerNamed(options.name ?? hostname()),
      dataDir: path.resolve(options.data),
      jobs: options.jobs ?? 1,
      memory: options.memory === undefined ? totalmem() : options.memory * MIB,
      keep: (options.keep ?? 20_480) * MIB,
      labels: options.label ?? [],
      signal,
      report: (event) => {
        tellEvent(event, print);
      },
    });
    return 0;
  },
});

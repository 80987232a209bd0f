import { defineCommand, wholeNumber } from '../command.ts';

interface Options {
  listen?: string;
  jobs?: number;
  poll: boolean;
}

export const serve = defineCommand<Options>({
  path: ['serve'],
  summary: 'watch projects, build what is new, publish, and serve all of it over HTTP',
  details: [
    'Runs until it is interrupted; what was being built then is built again by the next one.',
    'It holds the data directory: commands that write ask it; run, target prepare and restore are refused meanwhile.',
  ].join('\n'),
  options: [
    { flags: '--listen <ADDRESS:PORT>', description: 'in place of server.listen of the configuration' },
    {
      flags: '--jobs <N>',
      description: 'builds at once (default: jobs in the configuration); 0: build nothing here',
      parse: wholeNumber('--jobs', 0, 256),
    },
    { flags: '--no-poll', description: 'look at no repositories: another server does' },
  ],
  run: async ({ print, settings, options, signal }) => {
    const { setFlagsFromString } = await import('node:v8');
    // Loading a program fills V8's young generation, which would stay as large as that: 25 MB of a server that waits. It may grow again with work.
    setFlagsFromString('--semi-space-growth-factor=1');
    const { openForWriting } = await import('../../app/index.ts');
    const { programVersion } = await import('../../lib/index.ts');
    const { withListen } = await import('../../app/config/index.ts');
    const { backgroundServices } = await import('../../app/services/index.ts');
    const { serve: serveHttp } = await import('../../server/index.ts');
    const read = await settings();
    const trunk = await openForWriting(options.listen === undefined ? read : withListen(read, options.listen));
    try {
      await serveHttp(trunk, {
        ...{ version: programVersion(), signal },
        services: backgroundServices(trunk, { jobs: options.jobs ?? read.jobs, poll: options.poll }),
        ready: (url) => {
          setFlagsFromString('--semi-space-growth-factor=2');
          if (print.json) print.jsonLine({ url, pid: process.pid });
          else print.line(`Listening at ${url}`);
        },
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});

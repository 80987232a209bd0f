import { defineCommand } from '../command.ts';

interface Options {
  listen?: string;
}

export const serve = defineCommand<Options>({
  path: ['serve'],
  summary: 'serve the API, the pages and the repositories over HTTP',
  details: 'Runs until it is interrupted. It holds the data directory: commands that write are refused meanwhile.',
  options: [{ flags: '--listen <ADDRESS:PORT>', description: 'in place of server.listen of the configuration' }],
  run: async ({ print, settings, options, signal }) => {
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
        services: backgroundServices(trunk),
        ready: (url) => {
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

import { defineCommand, wholeNumber } from '../command.ts';

interface Options {
  follow?: boolean;
  attempt?: number;
  file: string;
}

export const log = defineCommand<Options>({
  path: ['log'],
  summary: 'print a build’s log; with -f, go on until the build ends',
  args: [{ name: 'ID', description: 'the build’s number, from trunkline builds' }],
  options: [
    { flags: '-f, --follow', description: 'print what is added until the build ends' },
    {
      flags: '--attempt <N>',
      description: 'of this attempt (default: the last one)',
      parse: wholeNumber('--attempt', 1, 1e6),
    },
    { flags: '--file <NAME>', description: 'which log: build.log, root.log, install.log…', default: 'build.log' },
  ],
  run: async ({ args, print, settings, options, signal }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { buildId } = await import('../build-id.ts');
    const { readLog } = await import('../read-log.ts');
    const trunk = await openForReading(await settings());
    try {
      const wanted = { id: buildId(args[0]), attempt: options.attempt ?? null, file: options.file };
      const text = readLog(trunk.context, wanted, { follow: options.follow ?? false, signal });
      if (print.json) {
        let all = '';
        for await (const part of text) all += part;
        print.result({ build: wanted.id, file: wanted.file, text: all }, () => undefined);
      } else for await (const part of text) print.passOn(part);
      return 0;
    } finally {
      await trunk.close();
    }
  },
});

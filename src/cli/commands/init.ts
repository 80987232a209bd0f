import { defineCommand } from '../command.ts';

export const init = defineCommand<{ key: boolean }>({
  path: ['init'],
  summary: 'write a commented trunkline.yaml, make the data directory and a key to sign with',
  details: 'Nothing that is there is overwritten. The key is kept in <data_dir>/keys; see trunkline key --help.',
  args: [{ name: 'DIR', description: 'where to put them (default: the current directory)', optional: true }],
  options: [{ flags: '--no-key', description: 'make no key: repositories stay unsigned until signing is configured' }],
  run: async ({ args, options, print }) => {
    const { initialise } = await import('../../app/config/index.ts');
    const { makeFirstKey } = await import('../../app/index.ts');
    const made: { key: string | null } = { key: null };
    const makeKey = async (directory: string) => {
      made.key = await makeFirstKey(directory);
    };
    const { config, dataDir } = await initialise(args[0] ?? '.', options.key ? makeKey : null);
    print.result({ config, dataDir, key: made.key }, () => {
      print.line(`wrote ${config}`);
      print.line(`made ${dataDir}`);
      if (made.key !== null) print.line(`made the signing key ${made.key}`);
    });
    const option = args[0] === undefined ? '' : ` --config ${config}`;
    print.note(
      [
        '',
        `Next: name targets and projects in ${config}; each key is explained there. Then`,
        `  trunkline config check${option}      every mistake with its line`,
        `  trunkline target check${option}      what this machine lacks`,
        `  trunkline target prepare${option}    make the roots to build in`,
        `  trunkline run${option}               build what is new`,
      ].join('\n'),
    );
    return 0;
  },
});

import { defineCommand } from '../command.ts';

export const init = defineCommand<Record<string, never>>({
  path: ['init'],
  summary: 'write a commented trunkline.yaml and make the data directory',
  details: 'Nothing that is there is overwritten.',
  args: [{ name: 'DIR', description: 'where to put them (default: the current directory)', optional: true }],
  run: async ({ args, print }) => {
    const { initialise } = await import('../../app/config/index.ts');
    const { config, dataDir } = await initialise(args[0] ?? '.');
    print.result({ config, dataDir }, () => {
      print.line(`wrote ${config}`);
      print.line(`made ${dataDir}`);
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

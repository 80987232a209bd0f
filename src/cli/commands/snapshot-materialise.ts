import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
}

export const snapshotMaterialise = defineCommand<Options>({
  path: ['snapshot', 'materialise'],
  summary: 'make the files of an old snapshot again, so that clients can install from it',
  details:
    'They stay for materialised.grace of the configuration; trunkline hold add, or a ref, keeps them for as long as it is there.',
  args: [{ name: 'TARGET/SNAPSHOT', description: 'its hash, eight digits of it or more, or a ref that points at it' }],
  options: [TOKEN_FILE],
  run: async ({ args, print, settings, options }) => {
    const { materialiseSnapshot, placeOf } = await import('../../app/materialised/index.ts');
    const { parseSubject } = await import('../../promotion/index.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { actor } = await import('../order.ts');
    const { time } = await import('../views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const { done: made } = await onServerOrAlone(read, options, {
      alone: async ({ context }) => {
        const { until, ...rest } = await materialiseSnapshot(context, subject, { actor: actor() });
        return { ...rest, until: new Date(until).toISOString() };
      },
      server: async (client) => {
        const of = { target: subject.target.name, snapshot: subject.name };
        const { target, snapshot, wasThere, until } = await client.post('materialise', of, {});
        return { target, snapshot, wasThere, ...placeOf(read, target, snapshot), until };
      },
    });
    print.result(made, () => {
      print.line(made.directory);
      if (made.url !== `file://${made.directory}/`) print.line(made.url);
      print.line(`stays until ${time(Date.parse(made.until)) ?? ''} at least`);
    });
    return 0;
  },
});

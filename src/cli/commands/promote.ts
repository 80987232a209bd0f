import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
  require?: string[];
}

export const promote = defineCommand<Options>({
  path: ['promote'],
  summary: 'give snapshots, or the snapshots of builds, a name: the ref of that name points there',
  details: [
    'Who, why and the verdicts it rests on are kept, and the snapshot is kept from trunkline gc. Of several things all are promoted or none.',
    'current, consistent and protected_refs are no names to promote to. trunkline demote takes a promotion back.',
  ].join('\n'),
  args: [
    { name: 'NAME', description: 'as tested, or released' },
    { name: 'BUILD|TARGET/SNAPSHOT', description: 'what is promoted; one thing for each target', variadic: true },
  ],
  options: [
    { flags: '--reason <TEXT>', description: 'why; it is kept with the promotion' },
    { flags: '--require <JOB...>', description: 'refuse unless the last verdict of each of these jobs is a success' },
  ],
  run: async ({ args, print, settings, options }) => {
    const { openForWriting } = await import('../../app/index.ts');
    const { parseThing, promote: promoteAll } = await import('../../promotion/index.ts');
    const { actor, requireReason } = await import('../order.ts');
    const { promotionView } = await import('../vote-views.ts');
    const read = await settings();
    const [name = '', ...things] = args;
    const wishes = things.map((thing) => ({ name, thing: parseThing(read, thing ?? '') }));
    const order = { actor: actor(), reason: requireReason(options.reason), require: options.require ?? [] };
    const trunk = await openForWriting(read);
    try {
      const promoted = await promoteAll(trunk.context, wishes, order);
      print.result(
        promoted.map(({ promotion, made }) => ({ ...promotionView(promotion), made })),
        () => {
          for (const { promotion, made } of promoted)
            print.line(`${promotion.target}/${name} ${made ? 'is now' : 'is already'} ${promotion.snapshot}`);
        },
      );
      return 0;
    } finally {
      await trunk.close();
    }
  },
});

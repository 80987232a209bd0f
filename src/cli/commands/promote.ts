import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
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
    TOKEN_FILE,
  ],
  run: async ({ args, print, settings, options }) => {
    const { parseThing, promote: promoteAll } = await import('../../promotion/index.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { actor, requireReason } = await import('../order.ts');
    const { thingAsked } = await import('../thing.ts');
    const { promotionView } = await import('../vote-views.ts');
    const read = await settings();
    const [name = '', ...named] = args;
    const things = named.map((thing) => parseThing(read, thing ?? ''));
    const reason = requireReason(options.reason);
    const { require = [] } = options;
    const { done: promoted } = await onServerOrAlone<(ReturnType<typeof promotionView> & { made: boolean })[]>(
      read,
      options,
      {
        alone: async ({ context }) => {
          const wishes = things.map((thing) => ({ name, thing }));
          const done = await promoteAll(context, wishes, { actor: actor(), reason, require });
          return done.map(({ promotion, made }) => ({ ...promotionView(promotion), made }));
        },
        server: async (client) => {
          const asked = await Promise.all(things.map((thing) => thingAsked(client, thing)));
          return (await client.post('promoteAll', { ref: name }, { things: asked, reason, require })).items;
        },
      },
    );
    print.result(promoted, () => {
      for (const { target, snapshot, made } of promoted)
        print.line(`${target}/${name} ${made ? 'is now' : 'is already'} ${snapshot}`);
    });
    return 0;
  },
});

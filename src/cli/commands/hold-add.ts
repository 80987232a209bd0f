import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
  reason?: string;
  until?: string;
}

export const holdAdd = defineCommand<Options>({
  path: ['hold', 'add'],
  summary: 'keep a snapshot from trunkline gc',
  args: [{ name: 'TARGET/SNAPSHOT', description: 'its hash, eight digits of it or more, or a ref that points at it' }],
  options: [
    { flags: '--reason <TEXT>', description: 'why; it is kept with the hold' },
    { flags: '--until <DATE>', description: 'not for good: 2026-12-24 (that day included, UTC) or 14d' },
    TOKEN_FILE,
  ],
  run: async ({ args, print, settings, options }) => {
    const { addHold, parseSubject } = await import('../../promotion/index.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { actor, requireReason, untilWhen } = await import('../order.ts');
    const { holdView } = await import('../keeping-views.ts');
    const read = await settings();
    const subject = parseSubject(read, args[0] ?? '');
    const until = untilWhen(options.until, Date.now());
    const reason = requireReason(options.reason);
    const { done: hold } = await onServerOrAlone<ReturnType<typeof holdView>>(read, options, {
      alone: async ({ context }) => holdView(await addHold(context, subject, { actor: actor(), reason, until })),
      server: (client) =>
        client.post(
          'addHold',
          { target: subject.target.name, snapshot: subject.name },
          { reason, ...(until === null ? {} : { until: new Date(until).toISOString() }) },
        ),
    });
    print.result(hold, () => {
      print.line(`${hold.target}/${hold.snapshot} is held`);
    });
    return 0;
  },
});

import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
  until?: string;
  target?: string;
}

export const pin = defineCommand<Options>({
  path: ['pin'],
  summary: 'keep a project at a version that was published',
  details: [
    'current gets that version at once. While it is pinned, a new success of the project gets a repository of its own and does not move current.',
    'No install check is made of the old version among what else is in current by now.',
  ].join('\n'),
  args: [
    { name: 'PROJECT', description: 'the project’s name' },
    { name: 'VERSION|COMMIT', description: 'a version as published, or seven digits of its upstream commit or more' },
  ],
  options: [
    { flags: '--reason <TEXT>', description: 'why; it is kept with the pin' },
    { flags: '--until <DATE>', description: 'not for good: 2026-12-24 (that day included, UTC) or 14d' },
    { flags: '--target <NAME>', description: 'only on this target' },
  ],
  run: async ({ args, print, settings, options }) => {
    const { deliverEvents, openForWriting } = await import('../../app/index.ts');
    const { pinProject } = await import('../../builds/index.ts');
    const { actor, requireReason, untilWhen } = await import('../order.ts');
    const { pinView } = await import('../keeping-views.ts');
    const read = await settings();
    const order = {
      project: args[0] ?? '',
      version: args[1] ?? '',
      target: options.target ?? null,
      actor: actor(),
      reason: requireReason(options.reason),
      until: untilWhen(options.until, Date.now()),
    };
    const trunk = await openForWriting(read);
    try {
      const { pinned, without } = await pinProject(trunk.context, order);
      await deliverEvents(trunk.context);
      print.result({ pinned: pinned.map(pinView), without }, () => {
        for (const one of pinned) print.line(`${one.project} stays at ${one.version} for ${one.target}`);
      });
      for (const target of without) print.note(`${order.version} was never published for ${target}: not pinned there`);
      return 0;
    } finally {
      await trunk.close();
    }
  },
});

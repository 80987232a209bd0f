import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
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
    TOKEN_FILE,
  ],
  run: async ({ args, print, settings, options }) => {
    const { deliverEvents } = await import('../../app/index.ts');
    const { pinProject } = await import('../../builds/index.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { actor, requireReason, untilWhen } = await import('../order.ts');
    const { pinView } = await import('../keeping-views.ts');
    const [project = '', version = ''] = args;
    const { target = null } = options;
    const reason = requireReason(options.reason);
    const until = untilWhen(options.until, Date.now());
    interface Done {
      pinned: ReturnType<typeof pinView>[];
      without: string[];
    }
    const { done } = await onServerOrAlone<Done>(await settings(), options, {
      alone: async ({ context }) => {
        const { pinned, without } = await pinProject(context, {
          ...{ project, version, target, reason, until },
          actor: actor(),
        });
        await deliverEvents(context);
        return { pinned: pinned.map(pinView), without };
      },
      server: (client) =>
        client.post(
          'pinProject',
          { project },
          {
            ...{ version, reason },
            ...(target === null ? {} : { target }),
            ...(until === null ? {} : { until: new Date(until).toISOString() }),
          },
        ),
    });
    print.result(done, () => {
      for (const one of done.pinned) print.line(`${one.project} stays at ${one.version} for ${one.target}`);
    });
    for (const name of done.without) print.note(`${version} was never published for ${name}: not pinned there`);
    return 0;
  },
});

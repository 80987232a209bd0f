import { defineCommand } from '../command.ts';

interface Options {
  reason?: string;
  target?: string;
}

export const unpin = defineCommand<Options>({
  path: ['unpin'],
  summary: 'let a project go on: its newest success comes back into current',
  args: [{ name: 'PROJECT', description: 'the project’s name' }],
  options: [
    { flags: '--reason <TEXT>', description: 'why; it is written to the audit log' },
    { flags: '--target <NAME>', description: 'only on this target' },
  ],
  run: async ({ args, print, settings, options }) => {
    const { deliverEvents, openForWriting } = await import('../../app/index.ts');
    const { requireProject, unpinProject } = await import('../../builds/index.ts');
    const { actor } = await import('../order.ts');
    const read = await settings();
    const { name: project } = requireProject(read, args[0] ?? '');
    const order = { project, target: options.target ?? null, actor: actor(), reason: options.reason ?? null };
    const trunk = await openForWriting(read);
    try {
      const ended = await unpinProject(trunk.context, order);
      await deliverEvents(trunk.context);
      const views = ended.map(({ pin, snapshot }) => ({ project: pin.project, target: pin.target, snapshot }));
      print.result(views, () => {
        for (const { target } of views) print.line(`${project} is not pinned any more for ${target}`);
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});

import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
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
    TOKEN_FILE,
  ],
  run: async ({ args, print, settings, options }) => {
    const { deliverEvents } = await import('../../app/index.ts');
    const { requireProject, unpinProject } = await import('../../builds/index.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { actor } = await import('../order.ts');
    const read = await settings();
    const { name: project } = requireProject(read, args[0] ?? '');
    const { target = null, reason = null } = options;
    const { done: views } = await onServerOrAlone(read, options, {
      alone: async ({ context }) => {
        const ended = await unpinProject(context, { project, target, actor: actor(), reason });
        await deliverEvents(context);
        return ended.map(({ pin, snapshot }) => ({ project: pin.project, target: pin.target, snapshot }));
      },
      server: async (client) => {
        const body = { ...(target === null ? {} : { target }), ...(reason === null ? {} : { reason }) };
        return (await client.post('unpinProject', { project }, body)).unpinned;
      },
    });
    print.result(views, () => {
      for (const { target: name } of views) print.line(`${project} is not pinned any more for ${name}`);
    });
    return 0;
  },
});

import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
  reason?: string;
}

export const poll = defineCommand<Options>({
  path: ['poll'],
  summary: 'have the server look at a project for new commits now',
  details: 'Without a server that is noted: the next one looks first of all. trunkline run looks by itself.',
  args: [{ name: 'PROJECT', description: 'the project’s name' }],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }, TOKEN_FILE],
  run: async ({ args, print, settings, options }) => {
    const { askForPoll } = await import('../../trunk/index.ts');
    const { requireProject } = await import('../../model/index.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { actor } = await import('../order.ts');
    const { isoTime } = await import('../views.ts');
    const read = await settings();
    const { name: project } = requireProject(read, args[0] ?? '');
    const { reason = null } = options;
    const { done, byServer } = await onServerOrAlone(read, options, {
      alone: async ({ context }) => {
        const { askedAt, polledAt, error } = await askForPoll(context, { project, actor: actor(), reason });
        return { project, askedAt: isoTime(askedAt), polledAt: isoTime(polledAt), error };
      },
      server: (client) => client.post('pollProject', { project }, reason === null ? {} : { reason }),
    });
    print.result(done, () => {
      print.line(`${project} will be looked at ${byServer ? 'now' : 'when a server is started'}`);
      if (done.error !== null) print.line(`the last time that failed: ${done.error}`);
    });
    return 0;
  },
});

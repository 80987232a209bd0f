import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
  force?: boolean;
  target?: string;
  reason?: string;
}

export const recheck = defineCommand<Options>({
  path: ['recheck'],
  summary: 'have the newest failed build of a project tried again at the next run, or by the server',
  details: 'With --force a success is built again too, under a new release (.r1, deb +b1). What was published stays.',
  args: [{ name: 'PROJECT', description: 'the project’s name, or the number of one build' }],
  options: [
    { flags: '--force', description: 'also build again what succeeded' },
    { flags: '--target <NAME>', description: 'only for this target' },
    { flags: '--reason <TEXT>', description: 'why; it is written to the audit log' },
    TOKEN_FILE,
  ],
  run: async ({ args, print, settings, options }) => {
    const { recheckProject } = await import('../../trunk/index.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { actor } = await import('../order.ts');
    const [given = ''] = args;
    const which = /^[1-9]\d{0,14}$/.test(given) ? Number(given) : given;
    const { force = false, target = null, reason = null } = options;
    const { done: queued, byServer } = await onServerOrAlone(await settings(), options, {
      alone: ({ context }) => recheckProject(context, which, { force, target, reason, actor: actor() }),
      server: async (client) => {
        const body = { force, ...(reason === null ? {} : { reason }) };
        const items =
          typeof which === 'number'
            ? [await client.post('recheckBuild', { build: which }, body)]
            : (
                await client.post(
                  'recheckProject',
                  { project: which },
                  { ...body, ...(target === null ? {} : { target }) },
                )
              ).items;
        return items.map(({ build: buildId, ...one }) => ({ buildId, ...one }));
      },
    });
    print.result(queued, () => {
      for (const { buildId, project, target: name, made } of queued)
        print.line(
          `${project} for ${name}: build ${buildId} ${made ? 'will be tried again' : 'is in the queue already'}`,
        );
    });
    print.note(byServer ? 'the server builds it' : 'trunkline run builds it');
    return 0;
  },
});

import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
  reason?: string;
}

export const cancel = defineCommand<Options>({
  path: ['cancel'],
  summary: 'take a build out of the queue, or from whoever builds it',
  details: 'One that is finished is left as it is, and so is what a build was before it was queued again.',
  args: [{ name: 'BUILD', description: 'the number of a build' }],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }, TOKEN_FILE],
  run: async ({ args, print, settings, options }) => {
    const { cancel: cancelBuild } = await import('../../queue/index.ts');
    const { buildId } = await import('../build-id.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { actor } = await import('../order.ts');
    const build = buildId(args[0]);
    const why = options.reason === undefined ? {} : { reason: options.reason };
    const { done } = await onServerOrAlone(await settings(), options, {
      alone: async ({ context }) => {
        const { state, result, detail, ...one } = await cancelBuild(context.db, build, {
          ...{ actor: actor(), now: context.now() },
          ...why,
        });
        return { buildId: build, project: one.project, target: one.target, state, result, detail };
      },
      server: async (client) => {
        const { project, target, state, result, detail } = await client.post('cancelBuild', { build }, why);
        return { buildId: build, project, target, state, result, detail };
      },
    });
    print.result(done, () => {
      print.line(`build ${build} of ${done.project} for ${done.target} is ${done.state}: ${done.result ?? ''}`);
    });
    return 0;
  },
});

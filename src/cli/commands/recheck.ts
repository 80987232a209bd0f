import { defineCommand } from '../command.ts';

interface Options {
  force?: boolean;
  target?: string;
  reason?: string;
}

export const recheck = defineCommand<Options>({
  path: ['recheck'],
  summary: 'have the newest failed build of a project tried again at the next run',
  details: 'With --force a success is built again too, under a new release (.r1, deb +b1). What was published stays.',
  args: [{ name: 'PROJECT', description: 'the project’s name, or the number of one build' }],
  options: [
    { flags: '--force', description: 'also build again what succeeded' },
    { flags: '--target <NAME>', description: 'only for this target' },
    { flags: '--reason <TEXT>', description: 'why; it is written to the audit log' },
  ],
  run: async ({ args, print, settings, options }) => {
    const { openForWriting } = await import('../../app/index.ts');
    const { recheckProject } = await import('../../trunk/index.ts');
    const { actor } = await import('../order.ts');
    const [given = ''] = args;
    const which = /^[1-9]\d*$/.test(given) ? Number(given) : given;
    const trunk = await openForWriting(await settings());
    try {
      const { force = false, target = null, reason = null } = options;
      const queued = await recheckProject(trunk.context, which, {
        force,
        target,
        reason,
        actor: actor(),
      });
      print.result(queued, () => {
        for (const { buildId, project, target: name, made } of queued)
          print.line(
            `${project} for ${name}: build ${buildId} ${made ? 'will be tried again' : 'is in the queue already'}`,
          );
      });
      print.note('trunkline run builds it');
      return 0;
    } finally {
      await trunk.close();
    }
  },
});

import { defineCommand, TOKEN_FILE, type Command } from './command.ts';

interface Options {
  tokenFile?: string;
  reason?: string;
}

/** `workers drain` and `workers resume`. */
export function drainingCommand(name: 'drain' | 'resume', words: { summary: string; details: string }): Command {
  return defineCommand<Options>({
    ...{ path: ['workers', name], ...words },
    args: [{ name: 'NAME', description: 'as trunkline workers shows it, or the last part of it' }],
    options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }, TOKEN_FILE],
    run: async ({ args, print, settings, options }) => {
      const { drainWorker } = await import('../queue/index.ts');
      const { onServerOrAlone } = await import('./server.ts');
      const { actor } = await import('./order.ts');
      const { isoTime } = await import('./views.ts');
      const [worker = ''] = args;
      const why = options.reason === undefined ? {} : { reason: options.reason };
      const { done } = await onServerOrAlone(await settings(), options, {
        alone: async ({ context: { db, now } }) => {
          const asked = { name: worker, resume: name === 'resume', actor: actor(), now: now(), ...why };
          const { drainedAt, ...one } = await drainWorker(db, asked);
          return { ...one, drainedAt: isoTime(drainedAt) };
        },
        server: (client) => client.post(name === 'drain' ? 'drainWorker' : 'resumeWorker', {}, { worker, ...why }),
      });
      print.result(done, () => {
        const { running } = done;
        const left = running === 0 ? 'it ends now' : `it ends when its ${String(running)} builds have`;
        print.line(
          name === 'drain' ? `${done.worker} takes nothing new: ${left}` : `${done.worker} takes builds again`,
        );
      });
      return 0;
    },
  });
}

import { defineCommand, wholeNumber } from '../command.ts';

export const doctor = defineCommand<{ sample?: number }>({
  path: ['doctor'],
  summary: 'check the deployment, and say what is wrong with it and what to do',
  details: 'It reads only, and works beside a run or a server. Exit code 1 when anything is wrong.',
  options: [
    {
      flags: '--sample <N>',
      description: 'packages that are read and compared with their digests (default: 50)',
      parse: wholeNumber('--sample', 0, 1_000_000),
    },
  ],
  run: async ({ print, config, options, signal }) => {
    const { examineDeployment } = await import('../../app/doctor/index.ts');
    const examinations = await examineDeployment({
      config,
      sample: options.sample ?? 50,
      report: (check) => {
        print.status(check);
      },
      signal,
    });
    const ok = examinations.every(({ state }) => state === 'well');
    print.result({ ok, checks: examinations }, () => {
      for (const { check, state, fact, ailments } of examinations) {
        const colour = { well: 'green', wrong: 'red', skipped: 'yellow' } as const;
        const words = { well: 'all well', wrong: 'wrong', skipped: 'not looked at' } as const;
        print.line(`${check}: ${print.paint(colour[state], words[state])}${fact === null ? '' : ` (${fact})`}`);
        for (const { what, remedy } of ailments) print.line(`  ${what}\n    ${remedy}`);
      }
    });
    return ok ? 0 : 1;
  },
});

import type { Ailment, Examination } from '../../app/doctor/index.ts';
import type { Settings } from '../../model/index.ts';
import { defineCommand, TOKEN_FILE, wholeNumber } from '../command.ts';
import type { ServerOptions } from '../server.ts';

export const doctor = defineCommand<{ sample?: number; quarantine?: boolean; tokenFile?: string }>({
  path: ['doctor'],
  summary: 'check the deployment, and say what is wrong with it and what to do',
  details: [
    'It reads only, unless --quarantine is given, and works beside a run or a server. Exit code 1 when anything is wrong.',
    'With --quarantine damaged packages that the sample meets are moved to the quarantine of their target: by the server where one runs.',
  ].join('\n'),
  options: [
    {
      flags: '--sample <N>',
      description: 'packages that are read and compared with their digests (default: 50)',
      parse: wholeNumber('--sample', 0, 1_000_000),
    },
    { flags: '--quarantine', description: 'have damaged packages put aside, where no client gets them' },
    TOKEN_FILE,
  ],
  run: async ({ print, config, settings, options, signal }) => {
    const { examineDeployment } = await import('../../app/doctor/index.ts');
    const found = await examineDeployment({
      config,
      sample: options.sample ?? 50,
      report: (check) => {
        print.status(check);
      },
      signal,
    });
    const examinations = options.quarantine === true ? await treated(found, await settings(), options) : found;
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

/** The same, its damaged files put aside; what is wrong with them says where they are. */
async function treated(found: readonly Examination[], settings: Settings, options: ServerOptions) {
  const { putAside } = await import('../quarantining.ts');
  const treat = async (ailment: Ailment): Promise<Ailment> => {
    if (ailment.damaged === undefined) return ailment;
    const { places, refusal } = await putAside(settings, options, ailment.damaged.target, [ailment.damaged]);
    const [place = null] = places;
    const came = refusal === null ? (place === null ? 'well by now' : `moved to ${place}`) : `left: ${refusal.message}`;
    return { ...ailment, what: `${ailment.what} (${came})` };
  };
  const all: Examination[] = [];
  for (const one of found) {
    const ailments: Ailment[] = [];
    for (const ailment of one.ailments) ailments.push(await treat(ailment));
    all.push({ ...one, ailments });
  }
  return all;
}

import type { TrunklineError } from '../../lib/index.ts';
import type { Finding } from '../../repos/index.ts';
import { defineCommand, TOKEN_FILE } from '../command.ts';

/** Snapshots of a damaged package that are listed for people; `--json` has all of them. */
const MOST = 20;

export const repoVerify = defineCommand<{ quarantine: boolean; tokenFile?: string }>({
  path: ['repo', 'verify'],
  summary: 'read a published repository again and say what is wrong with it',
  details: [
    'Every package, index file, signature and dependency is looked at; one finding a line. Exit code 1 when anything is wrong.',
    'A damaged package is moved to the quarantine of its target, unless --no-quarantine is given; by the server where one runs.',
  ].join('\n'),
  args: [
    {
      name: 'TARGET[/REF]',
      description: 'a target (its current), or one of its refs or snapshots: fedora-43-x86_64/consistent',
    },
  ],
  options: [
    { flags: '--no-quarantine', description: 'only report; leave damaged packages where they are' },
    TOKEN_FILE,
  ],
  run: async ({ args, print, settings, options, signal }) => {
    const { verifyRepository } = await import('../../app/index.ts');
    const { putAside } = await import('../quarantining.ts');
    const read = await settings();
    const verified = await verifyRepository(read, {
      subject: args[0] ?? '',
      report: (what) => {
        print.status(what);
      },
      signal,
    });
    const { target, snapshot, packages, materialised } = verified;
    const wanted = options.quarantine && verified.damaged.length > 0;
    const { places, refusal } = wanted
      ? await putAside(read, options, target, verified.damaged)
      : { places: [], refusal: null };
    const damaged = verified.damaged.map((one, n) => ({ ...one, quarantined: places[n] ?? null }));
    const findings = [...verified.findings, ...(refusal === null ? [] : [left(refusal)])];
    const found = { ...verified, findings, damaged };
    print.result(found, () => {
      for (const { kind, where, what, remedy } of findings) print.line(`${kind}: ${where}: ${what} (${remedy})`);
      for (const one of damaged) {
        const { length } = one.snapshots;
        const refs = one.refs.length === 0 ? 'no ref' : one.refs.join(', ');
        print.line(`damaged: ${one.fullName} is in ${length} ${length === 1 ? 'snapshot' : 'snapshots'} and ${refs}`);
        for (const hash of one.snapshots.slice(0, MOST)) print.line(`  snapshot ${hash}`);
        if (length > MOST) print.line(`  and ${length - MOST} older ones`);
        if (one.quarantined !== null) print.line(`  moved to ${one.quarantined}`);
      }
      if (findings.length === 0) print.line(`${target}: ${packages} packages in ${snapshot}, all as it should be`);
    });
    if (!materialised) print.note('The snapshot does not exist as files: only its packages were looked at');
    return findings.length === 0 ? 0 : 1;
  },
});

/** What nobody could be had to put aside is said to lie there still. */
function left({ message, hint }: TrunklineError): Finding {
  const what = `what is damaged was left in the pool: ${message}`;
  return { kind: 'not_checked', where: 'quarantine', what, remedy: hint ?? 'verify again later' };
}

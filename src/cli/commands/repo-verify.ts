import { defineCommand } from '../command.ts';

/** Snapshots of a damaged package that are listed for people; `--json` has all of them. */
const MOST = 20;

export const repoVerify = defineCommand<{ quarantine: boolean }>({
  path: ['repo', 'verify'],
  summary: 'read a published repository again and say what is wrong with it',
  details: [
    'Every package, index file, signature and dependency is looked at; one finding a line. Exit code 1 when anything is wrong.',
    'A damaged package is moved to the quarantine of its target, unless --no-quarantine is given.',
  ].join('\n'),
  args: [
    {
      name: 'TARGET[/REF]',
      description: 'a target (its current), or one of its refs or snapshots: fedora-43-x86_64/consistent',
    },
  ],
  options: [{ flags: '--no-quarantine', description: 'only report; leave damaged packages where they are' }],
  run: async ({ args, print, settings, options, signal }) => {
    const { verifyRepository } = await import('../../app/index.ts');
    const { actor } = await import('../order.ts');
    const found = await verifyRepository(await settings(), {
      subject: args[0] ?? '',
      quarantine: options.quarantine,
      actor: actor(),
      report: (what) => {
        print.status(what);
      },
      signal,
    });
    const { findings, damaged, target, snapshot, packages } = found;
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
    if (!found.materialised) print.note('The snapshot does not exist as files: only its packages were looked at');
    return findings.length === 0 ? 0 : 1;
  },
});

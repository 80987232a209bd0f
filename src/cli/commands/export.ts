import { defineCommand } from '../command.ts';

interface Options {
  ref?: string[];
  target?: string[];
  baseUrl?: string;
  rsync?: string[];
  delete?: boolean;
}

export const exportMirror = defineCommand<Options>({
  path: ['export'],
  summary: 'mirror refs to a directory or another machine, whole at every moment',
  details: [
    'Packages are copied first, refs last. --delete removes what neither this export nor the one before needs.',
    'Options of rsync one at a time: --rsync=--bwlimit=500 --rsync=-e --rsync=‘ssh -p 2222’.',
  ].join('\n'),
  args: [{ name: 'DEST', description: 'a directory, or host:path as rsync takes it' }],
  options: [
    { flags: '--ref <NAME...>', description: 'only these refs (default: all)' },
    { flags: '--target <NAME...>', description: 'only these targets (default: all)' },
    { flags: '--base-url <URL>', description: 'where the mirror is served, for its client files (default: base_url)' },
    { flags: '--rsync <OPTION...>', description: 'a further option for rsync' },
    { flags: '--delete', description: 'remove there what is needed no more' },
  ],
  run: async ({ args, print, settings, options, signal }) => {
    const { exportRepositories } = await import('../../app/index.ts');
    const exported = await exportRepositories(await settings(), {
      destination: args[0] ?? '',
      refs: options.ref ?? null,
      targets: options.target ?? null,
      baseUrl: options.baseUrl ?? null,
      options: options.rsync ?? [],
      remove: options.delete ?? false,
      report: (what) => {
        print.status(what);
      },
      signal,
    });
    print.result(exported, () => {
      for (const { target, refs, packages, snapshots } of exported)
        print.line(`${target}: ${refs.join(' ')}, ${snapshots.length} snapshots, ${packages} files of packages`);
    });
    return 0;
  },
});

import { defineCommand } from '../command.ts';

export const backup = defineCommand<{ withKeys?: boolean }>({
  path: ['backup'],
  summary: 'make a backup of the database, the packages, the logs and the configuration, beside whatever runs',
  details: [
    'It reads only and takes no lock. On the same file system files are linked, not copied: take such a backup elsewhere too.',
    'What can be made again is left out: index files, prepared roots, git mirrors, tarballs. trunkline restore brings it back.',
  ].join('\n'),
  args: [{ name: 'DEST', description: 'a directory that is not there yet' }],
  options: [{ flags: '--with-keys', description: 'put the secret parts of Trunkline’s own signing keys in, too' }],
  run: async ({ args, print, settings, options, signal }) => {
    const { backUp } = await import('../../app/backup/index.ts');
    const made = await backUp(await settings(), {
      destination: args[0] ?? '',
      withKeys: options.withKeys ?? false,
      report: (what) => {
        print.status(what);
      },
      signal,
    });
    print.result(made, () => {
      print.line(`${made.directory}: ${made.packages} packages, ${made.files} other files`);
      for (const { target, fullName, file } of made.damaged)
        print.line(`missing: ${fullName} of ${target}: ${file} is not there, and not in the backup`);
    });
    if (made.named.length > 0)
      print.note(`Not in it, though the configuration names them: ${made.named.join(', ')}; keep them elsewhere`);
    return made.damaged.length === 0 ? 0 : 1;
  },
});

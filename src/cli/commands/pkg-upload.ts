import { defineCommand } from '../command.ts';

interface Options {
  target: string;
  project?: string;
  reason?: string;
}

export const pkgUpload = defineCommand<Options>({
  path: ['pkg', 'upload'],
  summary: 'bring packages built elsewhere into a target’s repository',
  details: [
    'RPMs, source RPMs, .deb, .dsc and .changes files. What a .dsc or .changes names has to lie beside it.',
    'All files of one call replace what their owner has in the repository. Put -- before a name that begins with a hyphen.',
  ].join('\n'),
  args: [{ name: 'FILE', description: 'the packages', variadic: true }],
  options: [
    { flags: '--target <NAME>', description: 'the target whose repository they go into', required: true },
    { flags: '--project <NAME>', description: 'their owner there (default: the source package they were built from)' },
    { flags: '--reason <TEXT>', description: 'why; it is written to the audit log' },
  ],
  run: async ({ args, print, settings, options, signal }) => {
    const path = await import('node:path');
    const { openForWriting } = await import('../../app/index.ts');
    const { uploadPackages } = await import('../../builds/intake/index.ts');
    const trunk = await openForWriting(await settings());
    try {
      const { target, project = null, reason = null } = options;
      const actor = process.env.SUDO_USER ?? process.env.USER ?? 'root';
      const files = args.filter((one) => one !== undefined).map((one) => path.resolve(one));
      const done = await uploadPackages(trunk.context, { files, target, project, reason, actor, signal });
      const packages = done.packages.map(({ identity, sha256, size }) => {
        const { fullName, name, kind, arch, fileName } = identity;
        return { fullName, name, kind, arch, fileName, sha256, size };
      });
      const { upload, snapshot, replaced } = done;
      print.result({ upload: upload?.id ?? null, target, project: done.project, snapshot, packages, replaced }, () => {
        if (upload === null) print.line(`${target} has all of it already, as ${done.project} in ${snapshot}`);
        else print.line(`upload ${upload.id}: ${done.project} in ${target}, snapshot ${snapshot}`);
        for (const { fullName } of packages) print.line(`  ${fullName}`);
        for (const name of replaced) print.line(`  replaced: ${name}`);
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});

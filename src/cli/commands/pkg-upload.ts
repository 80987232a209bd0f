import type { UploadedResource } from '../../api/index.ts';
import { defineCommand, TOKEN_FILE } from '../command.ts';

interface Options {
  tokenFile?: string;
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
    TOKEN_FILE,
  ],
  run: async ({ args, print, settings, options, signal }) => {
    const path = await import('node:path');
    const { describeUploaded, uploadPackages } = await import('../../builds/intake/index.ts');
    const { onServerOrAlone } = await import('../server.ts');
    const { actor } = await import('../order.ts');
    const { uploadTo } = await import('../uploading.ts');
    const { target, project = null, reason = null } = options;
    const files = args.filter((one) => one !== undefined).map((one) => path.resolve(one));
    const { done } = await onServerOrAlone<UploadedResource>(await settings(), options, {
      alone: async ({ context }) => {
        const order = { files, target, project, reason, actor: actor(), signal };
        return describeUploaded(target, await uploadPackages(context, order));
      },
      server: (client) => uploadTo(client, { target, project, reason, files }, { print, signal }),
    });
    print.result(done, () => {
      if (done.upload === null) print.line(`${target} has all of it already, as ${done.project} in ${done.snapshot}`);
      else print.line(`upload ${done.upload}: ${done.project} in ${target}, snapshot ${done.snapshot}`);
      for (const { fullName } of done.packages) print.line(`  ${fullName}`);
      for (const name of done.replaced) print.line(`  replaced: ${name}`);
    });
    return 0;
  },
});

import type { PackageView } from '../../builds/intake/index.ts';
import { defineCommand } from '../command.ts';
import type { Printer } from '../print.ts';

export const pkgShow = defineCommand<{ target?: string }>({
  path: ['pkg', 'show'],
  summary: 'show a package: where it comes from, where it is, which refs have it',
  args: [
    {
      name: 'NAME|SHA256',
      description: 'a name (all its versions), a full name with version, or a digest (at least eight digits of it)',
    },
  ],
  options: [{ flags: '--target <NAME>', description: 'only in this target' }],
  run: async ({ args, print, settings, options }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { showPackages } = await import('../../builds/intake/index.ts');
    const { isoTime } = await import('../views.ts');
    const trunk = await openForReading(await settings());
    try {
      const found = await showPackages(trunk.context, args[0] ?? '', options.target ?? null);
      const views = found.map(({ createdAt, ...rest }) => ({ ...rest, createdAt: isoTime(createdAt) }));
      print.result(views, () => {
        for (const one of found) printPackage(print, one);
      });
      if (found.length === 0) print.note(`No package was ever published under ${args[0] ?? ''}`);
      return found.length === 0 ? 1 : 0;
    } finally {
      await trunk.close();
    }
  },
});

function printPackage(print: Printer, one: PackageView): void {
  print.line(`${print.paint('bold', one.fullName)} in ${one.target}`);
  print.line(`  kind      ${one.kind}, ${one.size} bytes`);
  print.line(`  SHA-256   ${one.sha256}`);
  print.line(`  file      ${one.path}`);
  for (const { fileName, size } of one.companions) print.line(`  with      ${fileName}, ${size} bytes`);
  print.line(`  from      ${one.origin}${one.upload === null ? '' : ` by ${one.upload.actor}`}`);
  if (one.upload?.reason) print.line(`  why       ${one.upload.reason}`);
  print.line(`  refs      ${one.refs.length === 0 ? '-' : one.refs.join(' ')}`);
}

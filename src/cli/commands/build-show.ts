import type { BuildWithRevision, QueuedAttempt } from '../../db/index.ts';
import type { PublishedPackage } from '../../model/index.ts';
import { defineCommand } from '../command.ts';
import type { Printer } from '../print.ts';

export const buildShow = defineCommand<Record<string, never>>({
  path: ['build', 'show'],
  summary: 'show one build: inputs, attempts, packages; why it waits, and about when it begins',
  args: [{ name: 'ID', description: 'the build’s number, from trunkline builds' }],
  run: async ({ args, print, settings }) => {
    const { openForReading } = await import('../../app/index.ts');
    const { listAttempts, listPackages, requireBuildWithRevision } = await import('../../db/index.ts');
    const { waitsOf } = await import('../../queue/index.ts');
    const { attemptView, buildView, waitsLine } = await import('../views.ts');
    const { buildId } = await import('../build-id.ts');
    const read = await settings();
    const trunk = await openForReading(read);
    try {
      const { db, now } = trunk.context;
      const found = await requireBuildWithRevision(db, buildId(args[0]));
      const attempts = await listAttempts(db, found.build.id);
      const packages = await listPackages(db, [found.build.id]);
      const { target } = found.build;
      const ofTarget = attempts.map((one) => ({ ...one, target }));
      const waits = await waitsOf(db, read, ofTarget, now());
      const views = attempts.map((one) => attemptView(one, waits.get(one.id) ?? null));
      print.result({ ...buildView(found), attempts: views, packages }, () => {
        printBuild(print, found);
        for (const one of waits.values()) print.line(waitsLine(one));
        printAttempts(print, attempts);
        printPackages(print, packages);
      });
      return 0;
    } finally {
      await trunk.close();
    }
  },
});

function printBuild(print: Printer, { build, revision }: BuildWithRevision): void {
  const { upstream, distgit } = revision;
  print.line(`${print.paint('bold', `build ${build.id}`)}: ${build.project} for ${build.target}`);
  print.line(`  state     ${[build.state, build.result, build.reason].filter((word) => word !== null).join(' ')}`);
  if (build.detail !== null) print.line(`  why       ${build.detail}`);
  print.line(`  upstream  ${upstream.hash} ${upstream.subject} (${upstream.authorName})`);
  print.line(`  packaging ${distgit.hash} ${distgit.subject} (${distgit.authorName})`);
  if (build.snapshot !== null) print.line(`  snapshot  ${build.snapshot}`);
  const inputs = revision.versionInputs;
  if (inputs !== null)
    print.line(`  version from ${inputs.tags.length} tags, UTC ${inputs.utc}, packaging commit ${inputs.distgitCount}`);
}

function printAttempts(print: Printer, attempts: readonly QueuedAttempt[]): void {
  print.line();
  print.table(
    ['ATTEMPT', 'KIND', 'STATE', 'SECONDS', 'VERSION', 'AGAINST SNAPSHOT', 'BUILDER', 'WHY'].map((title) => ({
      title,
    })),
    attempts.map((attempt) => [
      attempt.number,
      attempt.kind,
      [attempt.state, attempt.result, attempt.reason].filter((word) => word !== null).join(' '),
      attempt.timings.total?.toFixed(1) ?? null,
      versionOf(attempt),
      attempt.inputs?.snapshot?.slice(0, 12) ?? null,
      attempt.inputs === null ? null : `${attempt.inputs.builder} ${attempt.inputs.builderVersion}`,
      attempt.detail,
    ]),
  );
  const last = attempts.findLast(({ inputs }) => (inputs?.buildroot.length ?? 0) > 0);
  if (last !== undefined)
    print.line(
      `\nbuild root of attempt ${last.number}: ${last.inputs?.buildroot.length ?? 0} packages (--json lists them)`,
    );
}

function versionOf({ inputs }: QueuedAttempt): string | null {
  const version = inputs?.version ?? null;
  return version === null ? null : [version.version, version.release].filter((part) => part !== null).join('-');
}

function printPackages(print: Printer, packages: readonly PublishedPackage[]): void {
  if (packages.length === 0) return;
  print.line();
  print.table(
    [{ title: 'PACKAGE' }, { title: 'KIND' }, { title: 'BYTES', align: 'right' }, { title: 'SHA-256' }],
    packages.map(({ fullName, kind, size, sha256 }) => [fullName, kind, size, sha256]),
  );
}

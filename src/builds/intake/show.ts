import { findPackagesNamed, findUpload, listRefs, originOf, searchPackages, type Upload } from '../../db/index.ts';
import { TrunklineError } from '../../lib/index.ts';
import type { PublishedPackage } from '../../model/index.ts';
import type { ManifestPackage } from '../../repos/index.ts';
import { requireTarget, type TrunkContext } from '../context.ts';

/** A package that a ref's snapshot has. */
export interface ContentView {
  target: string;
  project: string;
  fullName: string;
  name: string;
  kind: 'binary' | 'source';
  arch: string;
  fileName: string;
  sha256: string;
  size: number;
  /** `build 17`, `upload 3`. */
  origin: string;
}

/** What a ref has, target by target, in the order of its index. @throws TrunklineError `not_found` for a target or ref that is not there. */
export async function listContents(
  context: TrunkContext,
  { target, project, ref }: { target: string | null; project: string | null; ref: string },
): Promise<ContentView[]> {
  if (target !== null) requireTarget(context.settings, target);
  const refs = (await listRefs(context.db, target ?? undefined)).filter(({ name }) => name === ref);
  if (target !== null && refs.length === 0)
    throw new TrunklineError('not_found', `${target} has no ref ${ref}`, {
      hint: 'nothing has been published yet, or the ref is called otherwise',
    });
  const views: ContentView[] = [];
  const known = new Set(context.settings.targets.map(({ name }) => name));
  for (const one of refs.filter((each) => known.has(each.target))) {
    const repository = context.repository(requireTarget(context.settings, one.target));
    const { packages } = await repository.readSnapshot(one.snapshotHash);
    const wanted = packages.filter((each) => project === null || each.project === project);
    const origins = new Map(
      (
        await findPackagesNamed(
          context.db,
          one.target,
          wanted.map(({ fullName }) => fullName),
        )
      ).map((each) => [each.fullName, each]),
    );
    for (const each of wanted) views.push(contentOf(one.target, each, origins.get(each.fullName) ?? null));
  }
  return views;
}

function contentOf(target: string, one: ManifestPackage, published: PublishedPackage | null): ContentView {
  const { project, fullName, name, kind, arch, fileName, sha256, size } = one;
  return { target, project, fullName, name, kind, arch, fileName, sha256, size, origin: originOf(published) };
}

/** A package as it was published, with where it is now. */
export interface PackageView extends PublishedPackage {
  origin: string;
  upload: Upload | null;
  /** Of the file in the pool. */
  path: string;
  /** Names of refs whose snapshot has it. */
  refs: readonly string[];
}

/**
 * Every package ever published under a name, a full name, or a digest that begins with these digits (eight at least).
 * @throws TrunklineError `not_found` for a target that is not there
 */
export async function showPackages(
  context: TrunkContext,
  which: string,
  target: string | null,
): Promise<PackageView[]> {
  if (target !== null) requireTarget(context.settings, target);
  const found = await searchPackages(context.db, which);
  const known = context.settings.targets.map(({ name }) => name).filter((name) => target === null || name === target);
  const contents = new Map<string, Map<string, Set<string>>>();
  for (const name of new Set(found.map((one) => one.target)))
    if (known.includes(name)) contents.set(name, await contentsOfRefs(context, name));
  const views: PackageView[] = [];
  for (const one of found.filter((each) => known.includes(each.target))) {
    const refs = [...(contents.get(one.target) ?? [])].filter(([, digests]) => digests.has(one.sha256));
    views.push({
      ...one,
      origin: originOf(one),
      upload: one.uploadId === null ? null : await findUpload(context.db, one.uploadId),
      path: context.repository(requireTarget(context.settings, one.target)).pathOf(one),
      refs: refs.map(([name]) => name),
    });
  }
  return views;
}

/** The digests that each ref of a target has, by its name. */
async function contentsOfRefs(context: TrunkContext, target: string): Promise<Map<string, Set<string>>> {
  const repository = context.repository(requireTarget(context.settings, target));
  const contents = new Map<string, Set<string>>();
  for (const { name, snapshotHash } of await listRefs(context.db, target)) {
    const { packages } = await repository.readSnapshot(snapshotHash);
    contents.set(name, new Set(packages.map(({ sha256 }) => sha256)));
  }
  return contents;
}

import { posix } from 'node:path';
import type { PackagingFile, Supplements, SupplementsAbout } from '../../../../model/index.ts';
import type { OpenJail } from '../../confined-reading.ts';
import { openPackaging } from '../read-packaging.ts';
import { readComps } from './comps.ts';
import { readModules } from './modules.ts';

export interface SupplementFile {
  path: string;
  content: Uint8Array;
}

/**
 * The groups and the module that a packaging supplies, in files beside its spec that are called as createrepo_c calls them: `comps.xml`, and
 * `*.modulemd.yaml`, `*.modulemd-defaults.yaml`, `modulemd.yaml` or `modules.yaml`. One that the spec names as a source is a source and nothing else.
 * @throws TrunklineError `source_invalid` with file and line
 */
export async function readRpmSupplements(
  openJail: OpenJail,
  files: readonly PackagingFile[],
  about: SupplementsAbout,
): Promise<Supplements> {
  const wanted = files.filter(({ path }) => isComps(path) || isModule(path));
  if (wanted.length === 0) return {};
  const { specPath, spec, sources } = openPackaging(files);
  const beside = new Set(wanted.filter(({ path }) => posix.dirname(path) === posix.dirname(specPath)).map(fileName));
  const supplied = sources.filter(({ path }) => beside.has(path) && !isSource(spec, path));
  const [comps] = supplied.filter(({ path }) => isComps(path));
  const modules = supplied.filter(({ path }) => isModule(path));
  return {
    ...(comps === undefined ? {} : { comps: readComps(comps) }),
    ...(modules.length === 0 ? {} : { modules: await readModules(openJail, modules, about) }),
  };
}

function fileName({ path }: PackagingFile): string {
  return posix.basename(path);
}

function isComps(path: string): boolean {
  return posix.basename(path) === 'comps.xml';
}

function isModule(path: string): boolean {
  return /^(modules|modulemd|[^/]+\.modulemd|[^/]+\.modulemd-defaults)\.yaml$/.test(posix.basename(path));
}

/** By what the spec says before macros are expanded. */
function isSource(spec: string, name: string): boolean {
  return spec.split('\n').some((line) => {
    const [, source = ''] = /^\s*source\d*\s*:\s*(\S+)/i.exec(line) ?? [];
    return posix.basename(source) === name;
  });
}

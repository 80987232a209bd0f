import type { PackagingFile, PackagingRelations } from '../../../model/index.ts';
import { readPackaging } from './read-packaging.ts';
import { fieldsByName, parseStanza, relationsOf } from './stanza.ts';

const NEEDS = ['Build-Depends', 'Build-Depends-Arch', 'Build-Depends-Indep', 'Depends', 'Pre-Depends'];

/** What the binary packages of a `debian/control` provide, and what they need to be built and installed; every alternative of `a | b` counts. */
export function readRelations(files: readonly PackagingFile[]): PackagingRelations {
  const summary = readPackaging(files);
  const control = files.find(({ path }) => path === 'debian/control' || path === 'control');
  const text = Buffer.from(control?.content ?? '')
    .toString('utf8')
    .replace(/^#.*\n/gm, '');
  const stanzas = text
    .split(/\n[ \t]*(?:\n[ \t]*)+/)
    .filter((stanza) => stanza.trim() !== '')
    .map((stanza) => fieldsByName(parseStanza(stanza.replace(/^\n+/, ''))));
  const provides = stanzas.flatMap((fields) => [fields.Package ?? [], names(fields.Provides)].flat());
  const requires = stanzas.flatMap((fields) => NEEDS.flatMap((field) => names(fields[field])));
  return { provides: [summary.name, ...provides], requires };
}

/** `libfoo-dev (>= 1) [amd64], a | b` → `libfoo-dev`, `a`, `b`. Substitution variables are left out. */
function names(value: string | undefined): string[] {
  return relationsOf(value ?? '')
    .flatMap((relation) => relation.split('|'))
    .flatMap((relation) => /^\s*([a-z0-9][a-z0-9+.-]+)/.exec(relation)?.[1] ?? []);
}

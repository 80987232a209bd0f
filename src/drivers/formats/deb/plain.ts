import { open } from 'node:fs/promises';
import { fieldsByName, parseStanza } from './stanza.ts';

const NAME = '[a-z0-9][a-z0-9+.-]+';
/** Debian Policy 5.6.12. */
const VERSION = '([0-9]+:)?[0-9][A-Za-z0-9.+~-]*';
const RELATION = new RegExp(`^${NAME}(:[a-z0-9-]+)?( \\((<<|<=|=|>=|>>) ${VERSION}\\))?$`);
const RELATIONS = ['Pre-Depends', 'Depends', 'Recommends', 'Suggests', 'Enhances', 'Breaks', 'Conflicts', 'Replaces'];
const VALUES: Readonly<Record<string, RegExp>> = {
  Package: new RegExp(`^${NAME}$`),
  Version: new RegExp(`^${VERSION}$`),
  Architecture: /^[a-z0-9]+(-[a-z0-9]+)*$/,
  Source: new RegExp(`^${NAME}( \\(${VERSION}\\))?$`),
  Maintainer: /\S/,
  Description: /\S/,
  Essential: /^(yes|no)$/,
  Protected: /^(yes|no)$/,
  'Multi-Arch': /^(no|same|foreign|allowed)$/,
  'Installed-Size': /^[0-9]+$/,
  Section: /^[a-z0-9./+-]+$/,
  Priority: /^(required|important|standard|optional|extra)$/,
  Homepage: /^\S+$/,
  'Original-Maintainer': /^[^\n]+$/,
  'Built-Using': /^[^\n]+$/,
  Tag: /./,
};
const REQUIRED = ['Package', 'Version', 'Architecture', 'Maintainer', 'Description'];

/**
 * Whether dpkg, which is stricter than apt in some things (dpkg's lib/dpkg/fields.c), could have nothing against a control file: every field is one we
 * know with a value of its usual form, in one stanza. Of what is not plain, dpkg itself has to be asked.
 */
export function isPlainControl(text: string): boolean {
  try {
    const fields = fieldsByName(parseStanza(text));
    if (!REQUIRED.every((name) => fields[name] !== undefined)) return false;
    return Object.entries(fields).every(([name, value]) => {
      if (RELATIONS.includes(name) || name === 'Provides') return isPlainRelation(value, name);
      return VALUES[name]?.test(value) ?? false;
    });
  } catch {
    return false;
  }
}

function isPlainRelation(value: string, field: string): boolean {
  const alternatives = ['Pre-Depends', 'Depends', 'Recommends', 'Suggests', 'Enhances'].includes(field);
  return value
    .split(alternatives ? /[,|]/ : ',')
    .map((part) => part.replaceAll(/\s+/g, ' ').trim())
    .every((part) => RELATION.test(part) && (field !== 'Provides' || !/[<>]/.test(part)));
}

const MAGIC = '!<arch>\n';
const HEADER = 60;
/** deb(5): these members and no others, in this order. */
const MEMBERS = [/^debian-binary$/, /^control\.tar(\.gz|\.xz|\.zst)?$/, /^data\.tar(\.gz|\.xz|\.zst|\.bz2)?$/];

/** Whether a file has the three members of a deb and nothing else, by the rules of dpkg (dpkg's lib/dpkg/ar.c). */
export async function isPlainArchive(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const read = async (at: number, length: number) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
      return buffer.toString('latin1', 0, bytesRead);
    };
    if ((await read(0, MAGIC.length)) !== MAGIC) return false;
    let at = MAGIC.length;
    for (const member of MEMBERS) {
      const head = /^([\w.-]{1,16}) *[0-9]+ *[0-9]+ *[0-9]+ *[0-7]+ *([0-9]{1,10}) *`\n$/.exec(await read(at, HEADER));
      if (head?.[1] === undefined || !member.test(head[1])) return false;
      const length = Number(head[2]);
      if (head[1] === 'debian-binary' && (await read(at + HEADER, length)) !== '2.0\n') return false;
      at += HEADER + length + (length % 2);
    }
    return at === size;
  } finally {
    await handle.close();
  }
}

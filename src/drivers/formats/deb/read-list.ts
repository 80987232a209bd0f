import { basename, extname } from 'node:path';
import { z } from 'zod';
import type { FileList } from '../../../model/index.ts';
import { decodeWord, invalidPackage, openInput, readConfined, type OpenJail } from '../confined-reading.ts';
import { fileLineSchema } from './schema.ts';

/**
 * dpkg's own reader, which takes the text out of a signature's armour and refuses what is no control file. The signature itself proves nothing here:
 * whose key would it be? Answers `list <source> <checksums>` or `bad <words>`, words in base64.
 */
const SCRIPT = `
set -u
command -v perl >/dev/null && perl -MDpkg::Control -e1 2>/dev/null || exit 127
cd /in/0 || exit 1
word() { printf %s "$1" | base64 -w0; }
read_field() {
  perl -MDpkg::Control -e '
    my $list = Dpkg::Control->new(type => $ARGV[1] =~ /dsc$/ ? CTRL_PKG_SRC : CTRL_FILE_CHANGES);
    $list->load($ARGV[1]) or die "it is empty\\n";
    print $list->{$ARGV[0]} // "";' "$1" package.* 2>>/tmp/errors
}
source=$(read_field Source) && files=$(read_field Checksums-Sha256) || { echo "bad $(head -c 400 /tmp/errors | base64 -w0)"; exit 0; }
echo "list $(word "$source") $(word "$files")"
`;

const listSchema = z.object({
  source: z.string().regex(/^[a-z0-9][a-z0-9+.-]{1,199}( \([^()\s]{1,200}\))?$/, 'its Source is no name of a package'),
  lines: z.array(z.string()).min(1, 'it names no file with its SHA-256 (Checksums-Sha256)').max(10_000),
});

/** The files that a `.changes` or a `.dsc` names. @throws TrunklineError `package_invalid` */
export async function readList(openJail: OpenJail, path: string): Promise<FileList | null> {
  if (!['.changes', '.dsc'].includes(extname(path))) return null;
  const file = await openInput(path);
  const answer = await readConfined(openJail, [file], {
    label: 'read-list',
    script: SCRIPT,
    tools: 'Dpkg::Control of perl (Debian: libdpkg-perl)',
  });
  const [word, first, second] = answer.trim().split(' ');
  const called = JSON.stringify(basename(path));
  if (word !== 'list') throw invalidPackage(file, `${called} cannot be read: ${decodeWord(first).trim()}`);
  const lines = decodeWord(second).split('\n');
  const list = listSchema.safeParse({
    source: decodeWord(first),
    lines: lines.map((line) => line.trim()).filter((line) => line !== ''),
  });
  if (!list.success)
    throw invalidPackage(file, `${called}: ${list.error.issues.map(({ message }) => message).join('; ')}`);
  const files = list.data.lines.map((line) => {
    const [sha256, size, fileName, ...rest] = line.split(/[ \t]+/);
    const checked = fileLineSchema.safeParse({ sha256, size, fileName });
    if (checked.success && rest.length === 0) return checked.data;
    const why = checked.error?.issues[0]?.message ?? 'a line has too many words';
    throw invalidPackage(file, `${called} names ${JSON.stringify(line.slice(0, 120))}: ${why}`);
  });
  return { source: list.data.source.split(' ')[0] ?? '', files };
}

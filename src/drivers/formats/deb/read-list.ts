import { basename, extname } from 'node:path';
import { z } from 'zod';
import type { FileList } from '../../../model/index.ts';
import { invalidPackage, openInput, type OpenJail } from '../confined-reading.ts';
import { createReader } from '../reader.ts';
import { fileLineSchema } from './schema.ts';

/**
 * dpkg's own reader, which takes the text out of a signature's armour and refuses what is no control file. The signature itself proves nothing here:
 * whose key would it be? Leaves `source` and `files`, or `bad` with its words.
 */
const SCRIPT = `
command -v perl >/dev/null && perl -MDpkg::Control -e1 2>/dev/null || exit 127
arrive || exit 1
read_field() {
  perl -MDpkg::Control -e '
    my $list = Dpkg::Control->new(type => $ARGV[1] =~ /dsc$/ ? CTRL_PKG_SRC : CTRL_FILE_CHANGES);
    $list->load($ARGV[1]) or die "it is empty\\n";
    print $list->{$ARGV[0]} // "";' "$1" package.* 2>>/tmp/errors
}
cd out
(cd ../in/0 && read_field Source) >source && (cd ../in/0 && read_field Checksums-Sha256) >files || head -c 400 /tmp/errors >bad
answer *
`;

const listSchema = z.object({
  source: z.string().regex(/^[a-z0-9][a-z0-9+.-]{1,199}( \([^()\s]{1,200}\))?$/, 'its Source is no name of a package'),
  lines: z.array(z.string()).min(1, 'it names no file with its SHA-256 (Checksums-Sha256)').max(10_000),
});

/** The files that a `.changes` or a `.dsc` names. @throws TrunklineError `package_invalid` */
export async function readList(openJail: OpenJail, path: string): Promise<FileList | null> {
  if (!['.changes', '.dsc'].includes(extname(path))) return null;
  const file = await openInput(path);
  const reader = createReader(openJail, {
    label: 'read-list',
    script: SCRIPT,
    tools: 'Dpkg::Control of perl (Debian: libdpkg-perl)',
  });
  const answer = await reader.read([file]);
  const said = (what: string) => answer.get(what)?.toString('utf8') ?? '';
  const called = JSON.stringify(basename(path));
  if (answer.has('bad')) throw invalidPackage(file, `${called} cannot be read: ${said('bad').trim()}`);
  const lines = said('files').split('\n');
  const list = listSchema.safeParse({
    source: said('source'),
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

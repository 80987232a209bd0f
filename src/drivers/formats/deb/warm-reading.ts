import { z } from 'zod';
import type { InputFile } from '../confined-reading.ts';
import type { WarmReader } from '../warm-reader.ts';

/**
 * libapt's own reader of debs and writer of stanzas, through Python: with them the entry is what apt-ftparchive writes. Writes a line for each file; what
 * is not plain (a second control file, a name that is no UTF-8, a package that has no end) fails all.
 */
export const WARM_DEB = `
def prepare():
    global apt_inst, apt_pkg, hashlib, io
    import apt_inst, apt_pkg, hashlib, io, tarfile, gzip
    apt_pkg.init_config()
    hashlib.md5(), hashlib.sha256()
    global deb
    control = b"Package: sample\\nVersion: 1\\nArchitecture: all\\nMaintainer: A <a@example.org>\\nDepends: b (>= 1)\\nDescription: s\\n"
    parts = [("debian-binary", b"2.0\\n")]
    for name, inner, content in [("control.tar.gz", "./control", control), ("data.tar.gz", "./usr/sample", b"s")]:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            entry = tarfile.TarInfo(inner)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        parts.append((name, packed.getvalue()))
    deb = b"!<arch>\\n"
    for name, content in parts:
        deb += b"%-16s%-12d%-6d%-6d%-8s%-10d\`\\n" % (name.encode(), 0, 0, 0, b"100644", len(content))
        deb += content + b"\\n" * (len(content) % 2)


def sample():
    return "package.deb", deb


def only_control(archive):
    found = []
    archive.go(lambda item, content: found.append(content) if item.name in ("control", "./control") else None)
    (control,) = found
    return control.decode("utf-8")


def read_one(path):
    with open(path, "rb") as file:
        content = file.read()
    package = apt_inst.DebFile(path)
    control = only_control(package.control)
    sums = {"Filename": " ", "Size": len(content), "MD5sum": hashlib.md5(content).hexdigest(), "SHA256": hashlib.sha256(content).hexdigest()}
    with open("entry", "w+") as entry:
        changes = [apt_pkg.TagRewrite(name, str(value)) for name, value in sums.items()]
        apt_pkg.TagSection(control).write(entry, apt_pkg.REWRITE_PACKAGE_ORDER, changes)
        entry.seek(0)
        stanza = entry.read()
    paths = []
    package.data.go(lambda item, content: None if item.isdir() else paths.append(item.name))
    return {"control": control, "entry": stanza, "paths": paths}


def read(paths, answer):
    for path in paths:
        answer.write(json.dumps(read_one(path)).encode() + b"\\n")
`;

const debSchema = z.object({ control: z.string(), entry: z.string(), paths: z.array(z.string()) });

/** `control`: the control file; `entry`: the stanza of an index; `paths`: of what is no directory, without a slash or a dot at the beginning. */
export type WarmDeb = z.infer<typeof debSchema>;

/** What the warm program says of debs, in their order; undefined where they have to be read in another way. */
export async function readWarmDebs(warm: WarmReader, files: readonly InputFile[]): Promise<WarmDeb[] | undefined> {
  const lines = (await warm.read(files))?.trimEnd().split('\n');
  if (lines?.length !== files.length) return undefined;
  try {
    return lines.map((line) => debSchema.parse(JSON.parse(line)));
  } catch {
    return undefined;
  }
}

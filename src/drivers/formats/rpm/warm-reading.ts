import { z } from 'zod';
import type { InputFile } from '../confined-reading.ts';
import type { WarmReader } from '../warm-reader.ts';
import { INDEX_NAMES } from './index-names.ts';

/**
 * The libraries of the two programs that `inspect.ts` runs, by the same calls: what rpmkeys does is librpm's rpmcliVerifySignatures, which Python's rpm
 * does not offer and ctypes finds in what that has loaded; createrepo_c has an interface for Python. Writes a line of what rpm said, and one for each file.
 */
export const WARM_RPM = `
def prepare():
    global createrepo_c, ctypes, hashlib, librpm, transaction
    import createrepo_c, ctypes, hashlib, rpm
    rpm.addMacro("_dbpath", "/tmp/rpmdb")
    librpm = ctypes.CDLL(rpm._rpm.__file__)
    librpm.rpmtsCreate.restype = librpm.rpmKeyringNew.restype = ctypes.c_void_p
    transaction = ctypes.c_void_p(librpm.rpmtsCreate())
    # An empty keyring spares the look for keys in a database.
    librpm.rpmtsSetKeyring(transaction, ctypes.c_void_p(librpm.rpmKeyringNew()))
    librpm.rpmtsSetVfyFlags(transaction, librpm.rpmtsVfyFlags(transaction) | rpm.RPMVSF_MASK_NOSIGNATURES)


def sample():
    """A package of no files, as rpm's docs/manual/format_v4.md has it."""
    texts = {1000: "sample", 1001: "1", 1002: "1", 1004: "s", 1005: "d", 1014: "GPL", 1021: "linux", 1022: "noarch", 1124: "cpio", 1125: "gzip", 1126: "9"}
    payload = bytes.fromhex("1f8b08000000000002ff") + bytes.fromhex("0300") + bytes(8)
    digest = hashlib.sha256(payload).hexdigest()
    main = header(63, [(tag, 6, 1, text.encode() + b"\\0") for tag, text in texts.items()] + [
        (5092, 8, 1, digest.encode() + b"\\0"), (5093, 4, 1, struct.pack(">I", 8)),
    ])
    signature = header(62, [
        (273, 6, 1, hashlib.sha256(main).hexdigest().encode() + b"\\0"),
        (1000, 4, 1, struct.pack(">I", len(main + payload))),
        (1004, 7, 16, hashlib.md5(main + payload).digest()),
    ])
    lead = struct.pack(">IBBHH66sHH16s", 0xEDABEEDB, 3, 0, 0, 255, b"sample-1-1", 1, 5, b"")
    return "package.rpm", lead + signature + bytes(-len(signature) % 8) + main + payload


def header(region, entries):
    index = store = b""
    for tag, kind, count, content in entries:
        store += bytes(-len(store) % (4 if kind == 4 else 1))
        index += struct.pack(">IIII", tag, kind, len(store), count)
        store += content
    size = 16 * (len(entries) + 1)
    index = struct.pack(">IIII", region, 7, len(store), 16) + index
    store += struct.pack(">IIiI", region, 7, -size, 16)
    return struct.pack(">IIII", 0x8EADE801, 0, len(entries) + 1, len(store)) + index + store


def said_of(paths):
    kept = [os.dup(1), os.dup(2)]
    said = [os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600) for name in ("keys", "words")]
    for to, fd in enumerate(said, 1):
        os.dup2(fd, to)
    librpm.rpmcliVerifySignatures(transaction, (ctypes.c_char_p * (len(paths) + 1))(*[path.encode() for path in paths], None))
    ctypes.CDLL(None).fflush(None)
    for to, fd in enumerate(kept, 1):
        os.dup2(fd, to)
    return [os.pread(fd, 1 << 24, 0).decode("utf-8", "replace") for fd in said]


def read(paths, answer):
    keys, words = said_of(paths)
    answer.write(json.dumps({"keys": keys, "words": words}).encode() + b"\\n")
    for path in paths:
        texts = createrepo_c.xml_dump(createrepo_c.package_from_rpm(path))
        answer.write(json.dumps(dict(zip(("primary", "filelists", "other"), texts))).encode() + b"\\n")
`;

const verdictsSchema = z.object({ keys: z.string(), words: z.string() });
const entrySchema = z.object({ primary: z.string(), filelists: z.string(), other: z.string() });

export interface WarmRpms {
  /** What rpmkeys would print, to standard output and error. */
  keys: string;
  words: string;
  /** Each file's elements in the index files. */
  entries: Record<(typeof INDEX_NAMES)[number], string>[];
}

/** What the warm program says of files, in their order; undefined where they have to be read in another way. */
export async function readWarmRpms(warm: WarmReader, files: readonly InputFile[]): Promise<WarmRpms | undefined> {
  const answer = await warm.read(files);
  const [first, ...lines] = answer?.trimEnd().split('\n') ?? [];
  if (first === undefined || lines.length !== files.length) return undefined;
  try {
    return {
      ...verdictsSchema.parse(JSON.parse(first)),
      entries: lines.map((line) => entrySchema.parse(JSON.parse(line))),
    };
  } catch {
    return undefined;
  }
}

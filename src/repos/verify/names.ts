import { readFile, readlink } from 'node:fs/promises';
import { join, posix, relative } from 'node:path';
import { describeError, errnoOf, TrunklineError } from '../../lib/index.ts';
import type { IndexOptions, PackageFormat, PublicKey, SignatureForm } from '../../model/index.ts';
import type { IndexRecord } from '../assembly/index.ts';
import { KEY_FILE, type Layout } from '../layout.ts';
import type { Finding } from './finding.ts';
import { REMEDY } from './indices.ts';

/** What a signature is checked with. */
export interface Trust {
  keys: readonly PublicKey[];
  /** @throws TrunklineError with gpgv's words */
  verify(content: Uint8Array, signature: Uint8Array, form: SignatureForm): Promise<void>;
  /** Fingerprints of the public keys in a text; of what is no key there are none. */
  fingerprints(armored: string): Promise<readonly string[]>;
}

export interface NameCheck {
  layout: Layout;
  format: PackageFormat;
  record: IndexRecord;
  options: Omit<IndexOptions, 'time'>;
  trust: Trust | null;
  /** Whether a ref leads there, so that today's keys have to stand there; what no ref leads to keeps those of its time. */
  followed: boolean;
}

/** The file that names all others below `top` (a snapshot's directory, or a ref's own), and its signatures. `time` is what it has to say. */
export async function checkFirst(check: NameCheck, top: string, time: number): Promise<Finding[]> {
  const { layout, format, record, trust } = check;
  const first = format.indexOfIndices(record.indices, { ...check.options, time });
  const where = relative(layout.directory, join(top, first.path));
  const content = await read(join(top, first.path));
  if (content === null) return [{ kind: 'index_missing', where, what: 'it is not there', remedy: REMEDY }];
  const findings: Finding[] = [];
  // Each line names a file or says when: where one is missing, that is what is wrong.
  const said = content.toString('utf8');
  if (said !== first.content) {
    const lines = first.content.split('\n').filter((line) => !said.split('\n').includes(line));
    const what = `it does not say ${lines.length === 0 ? 'only what it has to' : JSON.stringify(lines[0]?.trim())}`;
    findings.push({ kind: 'index_wrong', where, what, remedy: REMEDY });
  }
  if (trust === null) return findings;
  for (const { path, form } of format.layout.signatures(first.path))
    findings.push(...(await checkSignature(check, trust, { content, path: join(top, path), form })));
  const { keyPath } = format.layout;
  return keyPath === null ? findings : [...findings, ...(await checkKeys(check, trust, join(top, keyPath)))];
}

async function checkSignature(
  { layout }: NameCheck,
  trust: Trust,
  signed: { content: Uint8Array; path: string; form: SignatureForm },
): Promise<Finding[]> {
  const where = relative(layout.directory, signed.path);
  const remedy = 'move the ref to the snapshot again, or make the snapshot anew, with a key that clients trust';
  const signature = await read(signed.path);
  if (signature === null) return [{ kind: 'signature_missing', where, what: 'it is not there', remedy }];
  try {
    await trust.verify(signed.content, signature, signed.form);
    return [];
  } catch (error) {
    if (!(error instanceof TrunklineError)) throw error;
    return [{ kind: 'signature_bad', where, what: describeError(error), remedy }];
  }
}

/** Whether the keys that are handed out are those that clients are to trust: all of them, and no retired one, where they are handed out today. */
async function checkKeys({ layout, followed }: NameCheck, trust: Trust, path: string): Promise<Finding[]> {
  const where = relative(layout.directory, path);
  const remedy = 'the next command that writes, such as trunkline run, writes it again; so does a move of the ref';
  const said = (await read(path))?.toString('utf8') ?? null;
  if (said === null) return [{ kind: 'signature_missing', where, what: 'the public key is not there', remedy }];
  const there = await trust.fingerprints(said);
  const wanted = trust.keys.map(({ fingerprint }) => fingerprint);
  const lacks = wanted.filter((one) => !there.includes(one));
  const more = there.filter((one) => !wanted.includes(one));
  const bad = (what: string): Finding[] => [{ kind: 'signature_bad', where, what, remedy }];
  if (lacks.length === wanted.length)
    return bad(`it has none of the keys that clients are to trust: ${wanted.join(', ')}`);
  if (!followed) return [];
  if (lacks.length > 0) return bad(`it lacks the key ${lacks.join(', ')}, which clients are to trust`);
  return more.length > 0 ? bad(`it has the key ${more.join(', ')}, which clients are not to trust`) : [];
}

/** What a ref is on disk, against what the database says: the link, its own index where the format has one, the mirrorlist, the key. */
export async function checkRef(
  check: NameCheck,
  ref: { name: string; hash: string; url: string; found: string | null; until: number | null; now: number },
): Promise<Finding[]> {
  const { layout, format, trust } = check;
  const { name, hash } = ref;
  const remedy = 'the next command that writes, such as trunkline run, puts it right';
  if (ref.found !== hash) {
    const what = `it leads to ${ref.found ?? 'nothing'}, and the ref points at ${hash}`;
    return [{ kind: 'ref_wrong', where: name, what, remedy }];
  }
  const findings: Finding[] = [];
  const mirrorlist = (await read(join(layout.directory, `${name}.mirrorlist`)))?.toString('utf8') ?? '';
  if (mirrorlist !== `${ref.url}/snapshots/${hash}/\n`) {
    const what = `it names ${JSON.stringify(mirrorlist.trim())}, and the ref points at ${hash}`;
    findings.push({ kind: 'ref_wrong', where: `${name}.mirrorlist`, what, remedy });
  }
  if (trust !== null) findings.push(...(await checkKeys(check, trust, join(layout.directory, KEY_FILE))));
  if (format.layout.byHash === null) return findings;
  if (ref.until !== null && ref.until <= ref.now) findings.push(expired(name, ref.until));
  return [...findings, ...(await checkOwn(check, name, remedy))];
}

/** A ref's own index. One that was dated anew meanwhile, so that what was looked at has gone, is looked at again. */
async function checkOwn(check: NameCheck, name: string, remedy: string): Promise<Finding[]> {
  const link = join(check.layout.directory, name);
  const led = await readlink(link);
  const own = join(check.layout.directory, led);
  const time = await ownTime(own);
  const findings: Finding[] =
    time === null
      ? [{ kind: 'ref_wrong', where: posix.join(name, 'ref.json'), what: 'it cannot be read', remedy }]
      : await checkFirst(check, own, time);
  return findings.length > 0 && (await readlink(link)) !== led ? checkOwn(check, name, remedy) : findings;
}

function expired(name: string, until: number): Finding {
  const what = `clients may believe it until ${new Date(until * 1000).toISOString()} (Valid-Until) and refuse it since`;
  const remedy = 'a server, while it runs, and every trunkline run date it anew; where one runs, its log says why not';
  return { kind: 'index_expired', where: name, what, remedy };
}

async function ownTime(directory: string): Promise<number | null> {
  try {
    const record = JSON.parse((await read(join(directory, 'ref.json')))?.toString('utf8') ?? '') as { time?: unknown };
    return typeof record.time === 'number' ? record.time : null;
  } catch {
    return null;
  }
}

async function read(path: string): Promise<Buffer | null> {
  return readFile(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR'].includes(errnoOf(error) ?? '')) return null;
    throw error;
  });
}

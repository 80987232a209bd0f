import { existsSync, readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openInput } from '../../../src/drivers/formats/confined-reading.ts';
import { createDebInspection } from '../../../src/drivers/formats/deb/inspect.ts';
import { readWarmDebs, WARM_DEB } from '../../../src/drivers/formats/deb/warm-reading.ts';
import { createRpmInspection } from '../../../src/drivers/formats/rpm/inspect.ts';
import { readWarmRpms, WARM_RPM } from '../../../src/drivers/formats/rpm/warm-reading.ts';
import { createWarmReader } from '../../../src/drivers/formats/warm-reader.ts';
import { openJail } from '../../../src/lib/jail/index.ts';
import { buildDeb, buildRpm, controlOf, scratch } from './packages.ts';

let directory: string;
beforeAll(async () => {
  directory = await scratch();
});
afterAll(() => rm(directory, { recursive: true }));

/** A reader whose `read` is `body`: Python, with each file's text as `text` and `say` to answer. */
function readerOf(body: string, options: { prepare?: string; idle?: number; label?: string; few?: number } = {}) {
  const program = `
def prepare():
    ${options.prepare ?? 'pass'}

def sample():
    return "x.bin", b"sample"

def read(paths, answer):
    say = lambda *words: answer.write((" ".join(map(str, words)) + "\\n").encode())
    for path in paths:
        text = open(path).read()
${body.replace(/^/gm, '        ')}
`;
  return createWarmReader(openJail, { label: 'test-warm', program, few: 0, ...options });
}

async function inputs(...contents: readonly string[]) {
  return Promise.all(
    contents.map(async (content) => {
      const path = join(directory, `${String(Math.random())}.bin`);
      await writeFile(path, content);
      return openInput(path);
    }),
  );
}

const groups = () => {
  const root = ['/sys/fs/cgroup/pids/trunkline', '/sys/fs/cgroup/trunkline'].find((path) => existsSync(path)) ?? '';
  return readdirSync(root).filter((name) => name.startsWith(`test-warm-idle.${String(process.pid)}.`));
};

describe('a package that takes over what reads it', () => {
  const attack = `
import ctypes, glob, re, signal
def attempt(what):
    try:
        return what()
    except Exception as error:
        return type(error).__name__
found = []
def walk(top):
    for place, directories, files in os.walk(top):
        if not place.startswith("/proc"):
            try:
                open(place + "/mark", "w").close()
                found.append(place)
            except OSError:
                pass
if text != "sample":
    marks = [p for p in glob.glob("/tmp/*/mark") + glob.glob("/tmp/*/in") if not p.startswith(os.getcwd() + "/")]
    status = open("/proc/self/status").read()
    walk("/")
    libc = ctypes.CDLL(None, use_errno=True)
    others = [int(n) for n in os.listdir("/proc") if n.isdigit() and int(n) != os.getpid()]
    say("uid", *sorted({os.getuid(), os.geteuid(), *os.getresuid(), *os.getresgid()}))
    say("groups", *os.getgroups())
    say("capabilities", *sorted({line.split()[1] for line in status.splitlines() if re.match("Cap(Prm|Eff|Amb)|NoNew", line)}))
    say("fork", attempt(os.fork))
    say("thread", attempt(lambda: __import__("_thread").start_new_thread(print, ())))
    say("kill", *sorted({str(attempt(lambda: os.kill(pid, signal.SIGKILL))) for pid in others}))
    say("trace", *sorted({libc.ptrace(16, pid, 0, 0) for pid in others}))
    say("memory", *sorted({str(attempt(lambda: open("/proc/%d/mem" % pid, "r+b"))) for pid in others}))
    say("descriptors", *sorted(int(n) for n in os.listdir("/proc/self/fd")) if os.access("/proc/self/fd", os.R_OK) else ["closed"])
    say("writes", *[p for p in found if p != os.getcwd() and not p.startswith(os.getcwd() + "/")])
    say("network", attempt(lambda: len(__import__("socket").if_nameindex())))
    say("before", *marks)
`;

  test('has no process, capability, place or neighbour to go on with', async () => {
    const reader = readerOf(attack);
    const uids: string[] = [];
    for (let n = 0; n < 3; n++) {
      const answer = (await reader.read(await inputs(`package ${String(n)}`))) ?? '';
      const said = Object.fromEntries(
        answer.split('\n').map((line) => [line.split(' ')[0] ?? '', line.replace(/^\S+ ?/, '')] as const),
      );
      uids.push(said.uid ?? '');
      expect(said).toMatchObject({
        ...{ groups: '', capabilities: '0000000000000000 1', fork: 'BlockingIOError', thread: 'RuntimeError' },
        ...{ kill: 'PermissionError', trace: '-1', memory: 'PermissionError', writes: '', network: '1', before: '' },
      });
    }
    // One user and group id each, and never the same.
    expect(uids.every((uid) => /^[1-9][0-9]+$/.test(uid))).toBe(true);
    expect(new Set(uids).size).toBe(3);
  });

  test.each([
    ['dies', 'os.kill(os.getpid(), 11)'],
    ['says too much', 'os.write(2, b"x" * 1000000)'],
    ['takes all memory', 'b = [bytearray(b"x" * 50000000) for _ in range(100)]'],
    ['fills the disk', 'open("big", "wb").write(b"x" * 600000000)'],
    ['fails', 'raise ValueError(text)'],
  ])('and %s gives no answer, and the next is read', async (_, harm) => {
    const reader = readerOf(`if text.startswith("bad"): ${harm}\nsay(text)`);
    expect(await reader.read(await inputs('good'))).toBe('good\n');
    expect(await reader.read(await inputs('fine', 'bad'))).toBeUndefined();
    expect(await reader.read(await inputs('good again'))).toBe('good again\n');
  });
});

test('reads many at once, in their order, and more readings than there are processes', async () => {
  const reader = readerOf('say(path, text)');
  const many = Array.from({ length: 300 }, (_, n) => `text ${String(n)}`);
  const expected = many.map((text, n) => `in/${String(n)}/package.bin ${text}\n`).join('');
  expect(await reader.read(await inputs(...many))).toBe(expected);
  const answers = await Promise.all(many.slice(0, 20).map(async (text) => reader.read(await inputs(text))));
  expect(answers).toEqual(many.slice(0, 20).map((text) => `in/0/package.bin ${text}\n`));
});

test('leaves what is too large, and what it has no program for, to others', async () => {
  const [large] = await inputs('x'.repeat(4 * 1024 ** 2 + 1));
  expect(await readerOf('say(text)').read(large === undefined ? [] : [large])).toBeUndefined();
  const missing = readerOf('say(text)', { prepare: 'import no_such_library' });
  expect(await missing.read(await inputs('x'))).toBeUndefined();
  expect(await missing.read(await inputs('x'))).toBeUndefined();
});

test('loads nothing for a few files that come first, unless more come soon', async () => {
  const reader = readerOf('say(text)', { idle: 300, label: 'test-warm-idle', few: 2 });
  const none = async () => {
    expect(await reader.read(await inputs('one', 'two'))).toBeUndefined();
    expect(groups()).toEqual([]);
  };
  await none();
  expect(await reader.read(await inputs('again'))).toBe('again\n');
  for (let waited = 0; waited < 200 && groups().length > 0; waited++) await delay(50);
  await delay(400);
  await none();
  const other = readerOf('say(text)', { few: 2 });
  expect(await other.read(await inputs('1', '2', '3'))).toBe('1\n2\n3\n');
});

test('keeps nothing loaded once no files come', async () => {
  const reader = readerOf('say(text)', { idle: 300, label: 'test-warm-idle' });
  for (let n = 0; n < 3; n++) await reader.read(await inputs('x'));
  expect(groups().length).toBeGreaterThan(0);
  for (let waited = 0; waited < 200 && groups().length > 0; waited++) await delay(50);
  expect(groups()).toEqual([]);
  expect(await reader.read(await inputs('again'))).toBe('again\n');
});

describe('reads what the programs read', () => {
  /** Inspections with the warm program, and without it: as where Python's libraries are missing. */
  const noPython: typeof openJail = async (options) => {
    const jail = await openJail(options);
    return { ...jail, run: (command, run) => jail.run(run.talk === undefined ? command : ['/bin/false'], run) };
  };

  test('of RPMs', async () => {
    const more =
      'Requires: a >= 2\nRequires(post): b\nRequires: (c if d)\nProvides: e = 1:2-3\nConflicts: f\nSuggests: g\n';
    const built = await buildRpm(directory, { name: 'warm', epoch: 2, preamble: more, rest: '%post\ntrue\n' });
    const files = await Promise.all(built.map(openInput));
    const warm = createWarmReader(openJail, { label: 'test-warm', program: WARM_RPM, few: 0 });
    expect(await readWarmRpms(warm, files)).toMatchObject({ words: '', entries: [{}, {}] });
    const inspect = createRpmInspection(openJail);
    const inspections = [await inspect(files), await inspect(files)];
    expect(inspections[1]?.[0]?.identity.requires).toContain('(c if d)');
    const without = await createRpmInspection(noPython)(files);
    expect(inspections).toEqual([without, without]);
  });

  test('of debs', async () => {
    const more =
      'Source: src (1.0)\nMulti-Arch: foreign\nSection: misc\nPriority: optional\nInstalled-Size: 12\nDepends: a, b (>= 1:2~) | c:any\n';
    const paths = [
      await buildDeb(directory, controlOf('warm', '2:1.0-1', more)),
      await buildDeb(directory, controlOf('warm-two', '1.0', 'Homepage: https://example.org/\nXB-Own: field\n')),
    ];
    const files = await Promise.all(paths.map(openInput));
    const warm = createWarmReader(openJail, { label: 'test-warm', program: WARM_DEB, few: 0 });
    expect(await readWarmDebs(warm, files)).toHaveLength(2);
    const inspect = createDebInspection(openJail);
    // The first alone is not worth the loading.
    for (const file of [...files, ...files])
      expect(await inspect([file])).toEqual(await createDebInspection(noPython)([file]));
  });
});

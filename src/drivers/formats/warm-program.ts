/**
 * What a warm reader runs, in Python, after a format's own part, which defines `prepare()`, `sample()` (a name and the bytes of a small package) and
 * `read(paths, answer)`. It has loaded what reads packages before any comes, and has a child waiting that has read the sample: loading takes ten times as
 * long as the reading of a small package, and so do a fork and touching memory for the first time where a hypervisor sees to every page.
 *
 * Each question is read by a child of its own, under a user id of its own, which may start no process or thread (RLIMIT_NPROC), has no capability, and
 * owns the one directory it can write to, which is gone when it has answered. So a package that takes over what reads it can lie of itself (what the
 * caller checks), fill the disk of the jail or stop; it cannot reach this program, which only passes bytes on, nor what is read before or after it.
 * After setresuid(2) with another id no process of the same id can trace it or read its memory, and there is none.
 *
 * A question: lengths of head and body (>IQ), head (JSON: `{"files": [{"name", "size"}]}`), body (the files' bytes in that order). An answer: 0,
 * or 1 for none, and the lengths of what the child wrote to standard output and error (>iQI), then both.
 */
export const WARM = `
import gc, json, os, resource, select, shutil, struct, sys

MOST_OUT = 256 * 1024 ** 2
MOST_ERR = 64 * 1024
FIRST_ID = 2000
IDS = 60000
# What a child ends its answer with, and no answer has otherwise.
WHOLE = b"\\0"
# Milliseconds: what was read is being published then, and wants the processors.
REST = 40


def exactly(fd, size):
    parts = []
    while size > 0:
        part = os.read(fd, min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def write_all(fd, content):
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]


def rehearse():
    # So that whatever is done for the first time, and each page that is touched first, is done before the question comes.
    name, content = sample()
    head = json.dumps({"files": [{"name": name, "size": len(content)}]}).encode()
    asked, ask = os.pipe()
    write_all(ask, struct.pack(">IQ", len(head), len(content)) + head + content)
    os.close(ask)
    with open(os.devnull, "wb") as nobody:
        answer_from(asked, nobody.fileno())
    os.close(asked)


def answer_from(asked, out):
    lengths = exactly(asked, 12)
    if lengths is None:
        os._exit(0)
    head_size, _ = struct.unpack(">IQ", lengths)
    paths = []
    for n, file in enumerate(json.loads(exactly(asked, head_size))["files"]):
        os.makedirs("in/%d" % n, exist_ok=True)
        path = "in/%d/%s" % (n, file["name"])
        with open(path, "wb") as copy:
            left = file["size"]
            while left > 0:
                part = exactly(asked, min(left, 1 << 20))
                copy.write(part)
                left -= len(part)
        paths.append(path)
    with os.fdopen(os.dup(out), "wb", buffering=1 << 16) as answer:
        read(paths, answer)
        answer.write(WHOLE)


def child_main(uid, place, ends):
    for to, end in enumerate(ends):
        os.dup2(end, to)
    os.closerange(3, 1024)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    os.chdir(place)
    rehearse()
    answer_from(0, 1)
    # Before its memory is taken apart, which takes longer than most readings.
    os.closerange(0, 1024)


class Child:
    def __init__(self, number):
        self.place = "/tmp/%d" % number
        uid = FIRST_ID + number % IDS
        os.mkdir(self.place, 0o700)
        os.chown(self.place, uid, uid)
        asked, self.ask = os.pipe()
        self.out, out = os.pipe()
        self.err, err = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                child_main(uid, self.place, (asked, out, err))
            except BaseException as error:
                os.write(2, ("%s: %s" % (type(error).__name__, error)).encode()[:1000])
            finally:
                os._exit(0)
        for end in (asked, out, err):
            os.close(end)

    def tell(self, content):
        if self.ask is None:
            return
        try:
            write_all(self.ask, content)
        except BrokenPipeError:
            self.told()

    def told(self):
        if self.ask is not None:
            os.close(self.ask)
            self.ask = None

    def answer(self):
        parts = {self.out: [], self.err: []}
        left = {self.out: MOST_OUT, self.err: MOST_ERR}
        poll = select.poll()
        for end in parts:
            poll.register(end, select.POLLIN)
        ends = 2
        while ends > 0:
            for end, _ in poll.poll():
                part = os.read(end, 1 << 16)
                left[end] -= len(part)
                if left[end] < 0:
                    os.kill(self.pid, 9)
                elif part:
                    parts[end].append(part)
                if not part:
                    poll.unregister(end)
                    ends -= 1
        out = b"".join(parts[self.out])
        if not out.endswith(WHOLE):
            return 1, b"", b"".join(parts[self.err])
        return 0, out[: -len(WHOLE)], b""

    def end(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.out)
        os.close(self.err)
        shutil.rmtree(self.place, ignore_errors=True)


def warm_main():
    prepare()
    for place in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/var"):
        try:
            os.chmod(place, 0o755)
        except OSError:
            pass
    # Collecting, and counting what is garbage, would write to pages that a child shares.
    gc.collect()
    gc.freeze()
    gc.disable()
    asked = select.poll()
    asked.register(0, select.POLLIN)
    number = 0
    child = Child(number)
    os.write(1, b"ready\\n")
    while True:
        lengths = exactly(0, 12)
        if lengths is None:
            break
        left = sum(struct.unpack(">IQ", lengths))
        child.tell(lengths)
        while left > 0:
            part = os.read(0, min(left, 1 << 20))
            if not part:
                os._exit(0)
            left -= len(part)
            child.tell(part)
        child.told()
        status, out, err = child.answer()
        write_all(1, struct.pack(">iQI", status, len(out), len(err)) + out + err)
        number += 1
        child.end()
        asked.poll(REST)
        child = Child(number)
    os._exit(0)


warm_main()
`;

/**
 * What runs inside the jail on dnf 4's own Python interface: one process resolves, and goes on to install only when no layer holds the result yet.
 * The command line would take two runs of 0.2 s for that, could not say which packages of the snapshot replace packages of the root, and exits 0
 * when scriptlets fail.
 *
 * Reads one JSON object (`DnfRequest`) and writes JSON lines (`DnfReport`) that begin with the request's mark, so that what a scriptlet prints is not
 * taken for one. A scriptlet in Lua runs in this process and could forge them: it would lie about its own package only.
 */
export const DNF_PROGRAM = String.raw`
import ctypes, hashlib, json, os, sys

request = json.loads(sys.stdin.read())
os.environ["HOME"] = "/tmp/home"
os.makedirs("/tmp/home", exist_ok=True)
with open("/tmp/home/.rpmmacros", "w") as macros:
    macros.write("%_dbpath /var/lib/rpm\n")
import dnf, dnf.exceptions, dnf.repo, dnf.rpm, dnf.selector, dnf.yum.rpmtrans

OURS = "trunkline"


def say(kind, **fields):
    sys.stdout.write(request["mark"] + json.dumps({"kind": kind, **fields}) + "\n")
    sys.stdout.flush()


def fail(reason, words):
    say("failure", reason=reason, words=str(words))
    leave()


def leave():
    """What dnf and rpm would do on the way out has been done; a hundred milliseconds of clearing memory have no use here."""
    sys.stderr.flush()
    # What a scriptlet in Lua has printed lies in the C library's buffer.
    ctypes.CDLL(None).fflush(None)
    os._exit(0)


class Display(dnf.yum.rpmtrans.TransactionDisplay):
    """Keeps what goes wrong with scriptlets: rpm's own sentence comes with their output, dnf's shorter one after it."""

    errors = []
    sentences = []

    def scriptout(self, messages):
        if not messages:
            return
        text = messages.decode("utf-8", "replace") if isinstance(messages, bytes) else str(messages)
        sys.stderr.write(text if text.endswith("\n") else text + "\n")
        lines = [line for line in text.splitlines() if "scriptlet failed" in line]
        self.sentences.extend(line.replace("warning: ", "").replace("error: ", "").strip() for line in lines)

    def error(self, message):
        self.errors.append(message)
        sys.stderr.write(message + "\n")

    def words(self):
        return "\n".join(self.sentences or self.errors)


def open_base():
    base = dnf.Base()
    conf = base.conf
    conf.installroot = request["installRoot"]
    conf.cachedir = request["cache"]
    conf.persistdir = os.path.join(request["installRoot"], "var/lib/dnf")
    conf.logdir = "/tmp"
    conf.reposdir = []
    conf.plugins = False
    conf.install_weak_deps = False
    conf.gpgcheck = False
    conf.best = True
    conf.keepcache = False
    conf.zchunk = False
    conf.assumeyes = True
    conf.history_record = False
    conf.cacheonly = request["step"] == "install"
    conf.clean_requirements_on_remove = False
    conf.skip_if_unavailable = False
    conf.substitutions["arch"] = request["arch"]
    conf.substitutions["basearch"] = dnf.rpm.basearch(request["arch"])
    if request["releasever"]:
        conf.substitutions["releasever"] = request["releasever"]
    for given in request["repositories"]:
        repo = dnf.repo.Repo(given["id"], conf)
        repo.name = given["id"]
        if given["baseurl"]:
            repo.baseurl = given["baseurl"]
        if given["metalink"]:
            repo.metalink = given["metalink"]
        if given["mirrorlist"]:
            repo.mirrorlist = given["mirrorlist"]
        if given["gpgkey"]:
            repo.gpgcheck = True
            repo.gpgkey = given["gpgkey"]
        repo.priority = given["priority"]
        # What a project calls a module is built with and tried like any other package.
        repo.module_hotfixes = given["ours"]
        repo.metadata_expire = given["expire"]
        base.repos.add(repo)
    return base


def want(base, requirement):
    """As dnf's builddep plug-in does it: by what is provided, then by file; a rich dependency may match nothing and be right. @group: as dnf install."""
    if requirement.startswith("@"):
        base.read_comps(arch_filter=True)
        group = base.comps.group_by_pattern(requirement[1:])
        return group is not None and base.group_install(group.id, ("mandatory", "default")) >= 0
    selector = dnf.selector.Selector(base.sack)
    selector.set(provides=requirement)
    found = selector.matches()
    if not found and requirement.startswith("/"):
        selector = dnf.selector.Selector(base.sack)
        selector.set(file=requirement)
        found = selector.matches()
    if not found and not requirement.startswith("("):
        return False
    base._goal.install(select=selector, optional=False)
    return True


def want_exact(base, wanted):
    for package in base.sack.query().available().filterm(reponame=OURS, name=wanted["name"]):
        if str(package) == wanted["fullName"]:
            base.package_install(package)
            return True
    return False


def bring_to_ours(base):
    """Packages of the root that the snapshot has in another version: ours counts, older or newer."""
    installed = {}
    for package in base.sack.query().installed():
        installed[(package.name, package.arch)] = package
    ours = base.sack.query().available().filterm(reponame=OURS).latest()
    for package in ours:
        have = installed.get((package.name, package.arch))
        if have is None or have.evr == package.evr:
            continue
        if have < package:
            base.package_upgrade(package)
        else:
            base.package_downgrade(package)


def check_signatures(base, packages):
    for package in packages:
        result, words = base.package_signature_check(package)
        if result == 1:
            base.package_import_key(package, fullaskcb=lambda *_: True)
            result, words = base.package_signature_check(package)
        if result != 0:
            fail("infrastructure", "%s: %s" % (package, words))


def main():
    base = open_base()
    try:
        base.fill_sack(load_system_repo=True, load_available_repos=True)
    except dnf.exceptions.RepoError as error:
        fail("infrastructure", error)
    missing = [one for one in request["requirements"] if not want(base, one)]
    missing += [one["fullName"] for one in request["packages"] if not want_exact(base, one)]
    if missing:
        fail("unresolvable", "\n".join("No matching package to install: '%s'" % one for one in missing))
    if request["bringToOurs"]:
        bring_to_ours(base)
    try:
        base.resolve(allow_erasing=request["bringToOurs"])
    except dnf.exceptions.DepsolveError as error:
        fail("unresolvable", error)
    gone = {str(package) for package in base.transaction.remove_set}
    new = sorted(base.transaction.install_set)
    kept = {str(package) for package in base.sack.query().installed()} - gone
    layer = layer_digest(new, gone) if new or gone else None
    say(
        "resolved",
        added=[str(package) for package in new],
        installed=sorted(kept | {str(package) for package in new}),
        layer=layer,
    )
    if layer is None or layer in request["layers"]:
        return
    try:
        base.download_packages(new)
    except (dnf.exceptions.DownloadError, dnf.exceptions.RepoError) as error:
        fail("infrastructure", error)
    check_signatures(base, new)
    say("downloaded")
    if request["step"] == "download":
        return
    display = Display()
    try:
        base.do_transaction(display=[display])
    except dnf.exceptions.Error as error:
        fail("transaction", display.words() or error)
    base.close()
    if display.errors:
        fail("scriptlet", display.words())
    say("installed")


def layer_digest(new, gone):
    """Names what the root will hold: packages by their digests as the repositories give them, over one prepared root."""
    lines = sorted(["+%s %s" % (package, (package.chksum or (0, b""))[1].hex()) for package in new])
    lines += sorted("-%s" % name for name in gone)
    return hashlib.sha256("\n".join([request["layerSalt"], *lines]).encode()).hexdigest()


main()
leave()
`;

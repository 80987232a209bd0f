/** For dpkg-query's own field names, which look like a template's. */
const DOLLAR = '$';

/**
 * What runs as root inside a Debian root that is to get packages. Arguments: apt-get's command and its arguments.
 *
 * It asks apt first with nothing but our own repository and what dpkg has installed, which takes 0.15 s; the full lists of a distribution take 0.7 s,
 * and are needed only when something has to come from the base repositories.
 *
 * Environment: LOCAL our repository as a line of sources.list, REPOSITORY its path (both '' for none), PIN what tells it from the others, BASES the
 * base repositories, REPLACE=1 to bring installed packages to our versions, LAYERS digests of results that need not be installed again, SALT, STEP
 * `all`, `download` or `install`, FRESH=1 to read the base repositories' lists anew, MARK. Lines of standard output that begin with the mark are answers: `plan <apt's words>`, `layer <digest>`,
 * `installing`, `installed`, `failed <at what>`; everything else that anybody says goes to standard error.
 */
export const APT_PROGRAM = String.raw`
set -uf
say() { printf '%s%s\n' "$MARK" "$*" >&3; }
fail() { say "failed $1"; exit 0; }
exec 3>&1 1>&2
export DEBIAN_FRONTEND=noninteractive
mkdir -p /tmp/lists/partial
printf '%s\n' "$LOCAL" >/tmp/local.list
printf '%s\n' "$LOCAL" "$BASES" >/tmp/all.list
printf 'Package: *\nPin: release %s\nPin-Priority: 1001\n' "$PIN" >/tmp/preferences
local='-o Dir::Etc::sourcelist=/tmp/local.list'
quick="$local -o Dir::State::lists=/tmp/lists -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache="
full='-o Dir::Etc::sourcelist=/tmp/all.list'
get() {
  apt-get -q -y -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferences=/tmp/preferences -o Dir::Etc::preferencesparts=/dev/null \
    -o APT::Sandbox::User=root -o APT::Install-Recommends=0 -o APT::Get::List-Cleanup=0 -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-unsafe-io -o Acquire::Languages=none --allow-downgrades "$@"
}

replaced=
if [ -n "$LOCAL" ]; then
  get $quick update || fail update
  if [ "$REPLACE" = 1 ]; then
    dpkg-query -W -f '${DOLLAR}{db:Status-Abbrev} ${DOLLAR}{Package} ${DOLLAR}{Version}\n' | awk '$1 == "ii" { print $2, $3 }' >/tmp/have
    set +f
    replaced=$(for lists in "$REPOSITORY"/dists/*/*/binary-*; do
      for index in "$lists"/Packages "$lists"/Packages.*; do
        [ -e "$index" ] && /usr/lib/apt/apt-helper cat-file "$index" && break
      done
    done | awk '
      function close_stanza() { if (p in have) { if (have[p] == v) same[p] = 1; else want[p] = v } p = "" }
      NR == FNR { have[$1] = $2; next }
      /^Package: / { p = $2 }
      /^Version: / { v = $2 }
      /^$/ { close_stanza() }
      END { close_stanza(); for (p in want) if (!(p in same)) print p "=" want[p] }' /tmp/have -)
    set -f
  fi
fi

plan() {
  get "$@" >/tmp/plan 2>/tmp/words && { [ -z "$replaced" ] || get $mode -s install $replaced >>/tmp/plan 2>>/tmp/words; }
}
mode=$quick
if ! plan $mode -s "$@"; then
  mode=$full
  if [ "$FRESH" = 1 ]; then get $full update || fail update
  elif [ -n "$LOCAL" ]; then get $local update || fail update
  fi
  if ! plan $mode -s "$@"; then
    cat /tmp/plan /tmp/words
    fail plan
  fi
fi
grep -E '^(Inst|Remv) ' /tmp/plan | sort -u >/tmp/changes
cat /tmp/changes
while read -r line; do say "plan $line"; done </tmp/changes
if [ ! -s /tmp/changes ]; then exit 0; fi
digest=$({ echo "$SALT"; cat /tmp/changes; } | sha256sum | cut -d' ' -f1)
say "layer $digest"
case " $LAYERS " in *" $digest "*) exit 0 ;; esac
if [ "$STEP" = download ]; then
  get $mode --download-only "$@" || fail fetch
  [ -z "$replaced" ] || get $mode --download-only install $replaced || fail fetch
  exit 0
fi
say installing
get $mode "$@" || fail install
[ -z "$replaced" ] || get $mode install $replaced || fail install
set +f
rm -f /var/cache/apt/archives/*.deb
say installed
`;

// What has to be done with mount(8) and unshare(1), as fixed scripts for sh. Nothing is ever interpolated into them: values come as positional
// parameters or as numbers on standard input.

/**
 * The keeper, one per process of ours: a mount namespace whose root is a small tree of /usr, a minimal /etc, /proc and /dev, with the machine's own
 * root below /h (0700, so that ids of a jail cannot reach it even where bubblewrap follows a link that a jail has planted), and three user namespaces:
 * `u` maps 0… to the shifted owners; `v` the same with 0 and the builder swapped, `w` below it swaps them back. bubblewrap can only set up mounts as
 * uid 0 of its namespace and cannot change to another uid with a whole map: entered through `v` and `--userns2 w`, it sets up as what will be the
 * builder. In `u` and `w` no further user namespace can be made.
 * $1 mount point, $2 first id, $3 /etc, $4 the builder's uid.
 */
export const KEEPER = `
set -eu
cd "$1"
mount -t tmpfs -o mode=0755,size=16m trunkline "$1"
cd "$1"
mkdir usr etc proc dev jail tmp
mkdir -m 0700 h
mkdir -p h/host var/lib/dpkg
mount --rbind /usr usr
for d in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$d" ]; then ln -s "$(readlink "/$d")" "$d"; elif [ -d "/$d" ]; then mkdir "$d"; mount --rbind "/$d" "$d"; fi
done
mount --bind "$3" etc
if [ -d /var/lib/dpkg ]; then mount --bind /var/lib/dpkg var/lib/dpkg; fi
mount --rbind /proc proc
mount --bind /dev dev
pivot_root . h/host
cd /
mkfifo a b
begin() {
  "$@" unshare --user sh -c 'echo; read -r x' <a >b &
  exec 3>a 4<b
  read -r x <&4
}
end() { : >"$1"; mount --bind "/proc/$!/ns/user" "$1"; exec 3>&- 4<&-; wait; }
map() { printf "$1" >"/proc/$!/uid_map"; printf "$1" >"/proc/$!/gid_map"; }
begin; map "0 $2 65536\\n"; end u
begin; map "0 $(($2 + $4)) 1\\n1 $(($2 + 1)) $(($4 - 1))\\n$4 $2 1\\n$(($4 + 1)) $(($2 + $4 + 1)) $((65535 - $4))\\n"; end v
begin nsenter --user=v
nsenter --user=v sh -c 'printf "$1" >"/proc/$2/uid_map"; printf "$1" >"/proc/$2/gid_map"' sh \\
  "0 $4 1\\n1 1 $(($4 - 1))\\n$4 0 1\\n$(($4 + 1)) $(($4 + 1)) $((65535 - $4))\\n" $!
end w
for n in u w; do nsenter --user=$n sh -c 'echo 0 >/proc/sys/user/max_user_namespaces'; done
rm a b
echo ready
read -r x || :
`;

/**
 * The holder of one jail: a copy of the keeper's mount namespace with /jail in it. Answers `ok` or `error …` to each line; at the end of its
 * input it is alone, because Trunkline has died: then it ends every process of the jail and removes its control groups, which are links of ours in
 * /jail/groups, the one with the runs first. Until `begin SIZE` there is nothing to write to: so far a holder can be started before a jail is wanted.
 * $1 `MAP_OWNERS`.
 * Requests: `begin SIZE` (bytes of disk), `overlay N LOWERS`, `whiteout` (at /jail/host/whiteout), `host N` (over the mask in /jail/host), `tree N`, `bind N`, `own N ID`, `fifo N`; what is mounted is the link of that number beside it, made by us.
 */
export const HOLDER = `
set -u
mount -t tmpfs -o mode=0755,size=64m control /jail &&
mkdir /jail/disk /jail/bind /jail/out /jail/in /jail/none /jail/groups &&
mkfifo -m 0666 /jail/out/0 /jail/out/1 /jail/out/2 /jail/out/3 || exit 1
map=$1
options=redirect_dir=nofollow,metacopy=off,index=off,xino=off
# Below /h, read-only, and gone again once the overlay has its own copy of the mount: on it the jail's root would be the machine's.
overlay_host() {
  mkdir -p /h/mapped && /usr/bin/perl -e "$map" /h/host /h/mapped /u || return 1
  mount -t overlay -o "lowerdir=/jail/host/top:/jail/host/gone:/h/mapped,upperdir=u,workdir=w,$options" overlay m
  mounted=$?
  umount /h/mapped && return $mounted
}
answer() { if e=$("$@" 2>&1); then echo ok; else e=$(echo $e); echo "error $e"; fi; }
echo ok
while read -r verb n rest; do
  case $verb in
  begin) answer mount -t tmpfs -o "mode=0755,size=$n" disk /jail/disk ;;
  overlay) cd "/jail/disk/$n" && answer mount -t overlay -o "lowerdir=$rest,upperdir=u,workdir=w,$options" overlay m ;;
  whiteout) answer mknod /jail/host/whiteout c 0 0 ;;
  host) cd "/jail/disk/$n" && answer overlay_host ;;
  bind) answer mount --rbind "/jail/bind/$n.from" "/jail/bind/$n" ;;
  tree) answer mount --bind "/jail/disk/$n/from" "/jail/disk/$n/m" ;;
  own) answer chown -hR --from=0:0 "$rest:$rest" "/jail/bind/$n" ;;
  fifo) answer mkfifo -m 0666 "/jail/out/$n" ;;
  *) echo "error unknown request" ;;
  esac
  cd /
done
runs=/jail/groups/0
for g in "$runs" "$runs"/*/; do
  if [ -e "$g/cgroup.kill" ]; then echo 1 >"$g/cgroup.kill"; elif [ -e "$g/pids.max" ]; then echo 0 >"$g/pids.max"; fi
done
left=1
while [ -n "$left" ]; do
  left=
  for p in $(cat "$runs/cgroup.procs" "$runs"/*/cgroup.procs 2>/dev/null); do left=1; kill -9 "$p"; done 2>/dev/null
done
for g in /jail/groups/*; do rmdir "$g"/*/ "$(readlink "$g")"; done 2>/dev/null
`;

/**
 * For perl, which has system calls where mount(8) before 2.39 has no X-mount.idmap: mounts directory $ARGV[0] once more at $ARGV[1], read-only, without
 * set-user-id or devices, its owners mapped by the user namespace $ARGV[2]. open_tree, mount_setattr and move_mount have one number everywhere.
 */
export const MAP_OWNERS = `
my ($from, $to, $space) = @ARGV;
my $empty = "";
open(my $map, "<", $space) or die "$space: $!\n";
my $tree = syscall(428, -100, $from, 0x80001);
die "open_tree $from: $!\n" if $tree < 0;
my $attributes = pack("QQQQ", 0x00100000 | 1 | 2 | 4, 0, 0, fileno($map));
syscall(442, $tree, $empty, 0x1000, $attributes, 32) == 0 or die "the file system of $from maps no owners: $!\n";
syscall(429, $tree, $empty, -100, $to, 4) == 0 or die "move_mount $to: $!\n";
`;

/**
 * Joins control groups, then becomes the program. $1 descriptors to close, $2… cgroup.procs files, `--`, the program. Exit 125 when a group cannot
 * be joined. Needs bash where a descriptor to close has more than one digit.
 */
export const JOIN = `
for n in $1; do eval "exec $n>&-"; done
shift
while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done
shift
ulimit -c 0
umask 022
exec "$@"
`;

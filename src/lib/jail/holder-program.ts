import { CALLS } from './system-calls.ts';

/**
 * The holder of one jail: a copy of the keeper's mount namespace with /jail in it. Answers `ok` or `error …` to each line; at the end of its
 * input it is alone, because Trunkline has died: then it ends every process of the jail and removes its control groups, which are links of ours in
 * /jail/groups, the one with the runs first. Until `begin SIZE` there is nothing to write to: so far a holder can be started before a jail is wanted.
 * Arguments: `callNumbers()`, the keeper's mount namespace.
 * Requests: `begin SIZE` (bytes of disk), `overlay N LOWERS`, `whiteout` (at /jail/host/whiteout), `host N` (over the mask in /jail/host), `tree N`,
 * `bind N`, `own N ID`, `fifo N`; what is mounted is the link of that number beside it, made by us.
 */
export const HOLDER = `${CALLS}
my ($keeper) = @ARGV;
$0 = "trunkline-jail";
my ($AT_FDCWD, $FIFO, $CHARACTERS) = (-100, 0010000, 0020000);

sub node {
  my ($path, $mode) = @_;
  my $before = umask 0;
  call($path, "mknodat", $AT_FDCWD, $path, $mode, 0);
  umask $before;
}
sub overlay {
  my ($lowers) = @_;
  my $options = "lowerdir=$lowers,upperdir=u,workdir=w,redirect_dir=nofollow,metacopy=off,index=off,xino=off";
  mount("overlay", "m", 0, "overlay", $options);
}
# Mounts the machine's root once more, read-only, without set-user-id or devices, its owners mapped by the user namespace u: mount(8) before 2.39 has no
# X-mount.idmap. open_tree, mount_setattr and move_mount have one number everywhere.
sub map_owners {
  my ($from, $to, $nothing) = ("/h/host", "/h/mapped", "");
  open my $users, "<", "/u" or die "/u: $!\\n";
  my $tree = syscall(428, $AT_FDCWD, $from, 0x80001);
  die "open_tree $from: $!\\n" if $tree < 0;
  # Closed at the end of this: an open one keeps the mount busy.
  open my $handle, "<&=", $tree or die "open_tree $from: $!\\n";
  my $attributes = pack "QQQQ", 0x00100000 | 1 | 2 | 4, 0, 0, fileno $users;
  syscall(442, $tree, $nothing, 0x1000, $attributes, 32) == 0 or die "the file system of $from maps no owners: $!\\n";
  syscall(429, $tree, $nothing, $AT_FDCWD, $to, 4) == 0 or die "move_mount $to: $!\\n";
}
# Below /h, and gone again once the overlay has its own copy of the mount: on it the jail's root would be the machine's.
sub overlay_host {
  -d "/h/mapped" or make("/h/mapped");
  map_owners();
  eval { overlay("/jail/host/top:/jail/host/gone:/h/mapped") };
  my $wrong = $@;
  call("", "umount2", my $path = "/h/mapped", 0);
  die $wrong if $wrong ne "";
}
sub give {
  my ($path, $owner) = @_;
  my $child = open(my $out, "-|") // die "fork: $!\\n";
  if ($child == 0) {
    open STDERR, ">&", \\*STDOUT;
    exec "/usr/bin/chown", "-hR", "--from=0:0", "$owner:$owner", $path or exit 127;
  }
  my $said = join "", <$out>;
  close $out or die "chown: $said\\n";
}
sub at { chdir "/jail/disk/$_[0]" or die "/jail/disk/$_[0]: $!\\n" }

my %requests = (
  begin => sub { mount("disk", "/jail/disk", 0, "tmpfs", "mode=0755,size=$_[0]") },
  overlay => sub { at($_[0]); overlay($_[1]) },
  whiteout => sub { node("/jail/host/whiteout", $CHARACTERS) },
  host => sub { at($_[0]); overlay_host() },
  bind => sub { mount("/jail/bind/$_[0].from", "/jail/bind/$_[0]", $BIND | $REC) },
  tree => sub { mount("/jail/disk/$_[0]/from", "/jail/disk/$_[0]/m", $BIND) },
  own => sub { give("/jail/bind/$_[0]", $_[1]) },
  fifo => sub { node("/jail/out/$_[0]", $FIFO | 0666) },
);

enter($keeper, $NEWNS);
own_mounts();
mount("control", "/jail", 0, "tmpfs", "mode=0755,size=64m");
make(map { "/jail/$_" } qw(disk bind out in none groups));
node("/jail/out/$_", $FIFO | 0666) for 0 .. 3;
print "ok\\n";
while (defined(my $line = <STDIN>)) {
  my ($verb, @values) = split " ", $line;
  my $work = $requests{$verb} // sub { die "unknown request\\n" };
  eval { $work->(@values) };
  my $wrong = join " ", split " ", $@;
  chdir "/";
  print $wrong eq "" ? "ok\\n" : "error $wrong\\n";
}

sub names {
  my ($directory) = @_;
  opendir my $open, $directory or return ();
  return map { "$directory/$_" } grep { !/^\\.\\.?$/ } readdir $open;
}
my $runs = "/jail/groups/0";
my @groups = ($runs, grep { -d } names($runs));
for my $group (@groups) {
  if (-e "$group/cgroup.kill") { eval { put("$group/cgroup.kill", "1") } }
  elsif (-e "$group/pids.max") { eval { put("$group/pids.max", "0") } }
}
for (my $left = 1; $left;) {
  $left = 0;
  for my $group (@groups) {
    open my $members, "<", "$group/cgroup.procs" or next;
    for my $member (<$members>) {
      $left = 1;
      kill "KILL", $member + 0 if $member > 0;
    }
  }
}
for my $group (names("/jail/groups")) {
  rmdir for grep { -d } names($group);
  rmdir readlink $group;
}
`;

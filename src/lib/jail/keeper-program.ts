import { CALLS } from './system-calls.ts';

/**
 * The keeper, one per process of ours: a mount namespace whose root is a small tree of /usr, a minimal /etc, /proc and /dev, with the machine's own
 * root below /h (0700, so that ids of a jail cannot reach it even where bubblewrap follows a link that a jail has planted), and three user namespaces:
 * `u` maps 0… to the shifted owners; `v` the same with 0 and the builder swapped, `w` below it swaps them back. bubblewrap can only set up mounts as
 * uid 0 of its namespace and cannot change to another uid with a whole map: entered through `v` and `--userns2 w`, it sets up as what will be the
 * builder. In `u` and `w` no further user namespace can be made.
 * Arguments: `callNumbers()`, mount point, first id, /etc, the builder's uid. It is alone, and ends, when its input does.
 */
export const KEEPER = `${CALLS}
my ($top, $first, $etc, $builder) = @ARGV;
$0 = "trunkline-keeper";

# Makes a user namespace below that of the file $parent (undef: ours), maps ids into it, and keeps it as the file $name; $last: there is none below it.
sub keep_users {
  my ($name, $parent, $last, @map) = @_;
  pipe my $said, my $say;
  pipe my $wait, my $go;
  my $inside = fork // die "fork: $!\\n";
  if ($inside == 0) {
    close $go;
    if (defined $parent) {
      enter($parent, $NEWUSER);
      # Whoever makes one must be somebody in the one above it.
      $( = $) = 0;
      $< = $> = 0;
    }
    call("", "unshare", $NEWUSER);
    syswrite $say, "x";
    sysread $wait, my $mapped, 1 or exit 1;
    put("/proc/sys/user/max_user_namespaces", "0") if $last;
    syswrite $say, "x";
    sysread $wait, $mapped, 1;
    exit 0;
  }
  close $say;
  close $wait;
  sysread $said, my $there, 1 or die "no user namespace can be made\\n";
  as_parent($parent, sub { put("/proc/$inside/$_", join "", map { "@$_\\n" } @map) for "uid_map", "gid_map" });
  syswrite $go, "x";
  sysread $said, $there, 1 or die "the user namespace $name could not be mapped\\n";
  put($name, "");
  mount("/proc/$inside/ns/user", $name, $BIND);
  close $go;
  waitpid $inside, 0;
}

# The map of a namespace is written by a process of the one above it.
sub as_parent {
  my ($parent, $write) = @_;
  return $write->() unless defined $parent;
  my $writer = fork // die "fork: $!\\n";
  if ($writer == 0) {
    enter($parent, $NEWUSER);
    $write->();
    exit 0;
  }
  waitpid $writer, 0;
  die "a map of users could not be written\\n" if $? != 0;
}

own_mounts();
mount("trunkline", $top, 0, "tmpfs", "mode=0755,size=16m");
chdir $top or die "$top: $!\\n";
make(qw(usr etc proc dev jail tmp h h/host var var/lib var/lib/dpkg));
chmod 0700, "h" or die "chmod: $!\\n";
mount("/usr", "usr", $BIND | $REC);
for my $name (qw(bin sbin lib lib32 lib64 libx32)) {
  if (-l "/$name") {
    symlink readlink("/$name"), $name or die "symlink $name: $!\\n";
  } elsif (-d "/$name") {
    make($name);
    mount("/$name", $name, $BIND | $REC);
  }
}
mount($etc, "etc", $BIND);
mount("/var/lib/dpkg", "var/lib/dpkg", $BIND) if -d "/var/lib/dpkg";
mount("/proc", "proc", $BIND | $REC);
mount("/dev", "dev", $BIND);
call("", "pivot_root", my $new = ".", my $old = "h/host");
chdir "/";
my $ids = 65536;
my @swapped = ([$builder, 0, 1], [$builder + 1, $builder + 1, $ids - 1 - $builder]);
keep_users("u", undef, 1, [0, $first, $ids]);
keep_users("v", undef, 0, map { [$_->[0], $first + $_->[1], $_->[2]] } [0, $builder, 1], [1, 1, $builder - 1], @swapped);
keep_users("w", "v", 1, [0, $builder, 1], [1, 1, $builder - 1], @swapped);
print "ready\\n";
<STDIN>;
`;

import { TrunklineError } from '../errors.ts';

const NAMES = ['mount', 'umount2', 'pivot_root', 'unshare', 'setns', 'mknodat'] as const;

/** Of include/uapi/asm-generic/unistd.h, which every architecture has taken that came after it. */
const GENERIC = [40, 39, 41, 97, 268, 33];
/** In the order of `NAMES`, from the kernel's tables (arch/…/syscall.tbl). */
const NUMBERS: Readonly<Record<string, readonly number[]>> = {
  x64: [165, 166, 155, 272, 308, 259],
  arm64: GENERIC,
  loong64: GENERIC,
  riscv64: GENERIC,
  ppc64: [21, 52, 203, 282, 350, 287],
  s390x: [21, 52, 217, 303, 339, 290],
};

/** The first argument of a program that begins with `CALLS`. @throws TrunklineError `unsupported` on an architecture whose numbers are not known here. */
export function callNumbers(architecture: string = process.arch): string {
  const numbers = NUMBERS[architecture];
  if (numbers === undefined)
    throw new TrunklineError('unsupported', `The sandbox does not know the system calls of ${architecture}`, {
      hint: `run trunkline on one of: ${Object.keys(NUMBERS).join(', ')}`,
    });
  return NAMES.map((name, n) => `${name}=${String(numbers[n])}`).join(',');
}

/**
 * The beginning of a program for perl, which has system calls without a process for each, as mount(8), unshare(1) and nsenter(1) would be: where a
 * hypervisor sees to every page, a process costs more than all that it is started for. Each function dies with what went wrong.
 */
export const CALLS = `
use strict;
my %number = map { split /=/ } split /,/, shift;
my ($BIND, $REC, $SLAVE, $NEWNS, $NEWUSER) = (4096, 16384, 1 << 19, 0x20000, 0x10000000);
$| = 1;
umask 022;

sub call {
  my ($what, $name, @values) = @_;
  syscall($number{$name}, @values) == 0 or die "$name $what: $!\\n";
}
# Source, target, flags; for a file system also its type and options.
sub mount {
  my ($from, $to, $flags, $type, $data) = @_;
  call($to, "mount", $from, $to, $type // 0, $flags, $data // 0);
}
sub make { mkdir $_ or die "mkdir $_: $!\\n" for @_ }
sub put {
  my ($path, $text) = @_;
  open my $file, ">", $path or die "$path: $!\\n";
  defined syswrite $file, $text or die "$path: $!\\n";
}
sub enter {
  my ($path, $kind) = @_;
  open my $space, "<", $path or die "$path: $!\\n";
  call($path, "setns", fileno $space, $kind);
}
# A mount namespace of its own, which sees what is mounted in the one it was made from, and not the other way round.
sub own_mounts {
  call("", "unshare", $NEWNS);
  mount("none", "/", $REC | $SLAVE);
  chdir "/";
}
`;

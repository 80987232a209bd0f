/** What the kernel calls an instruction set (linux/audit.h), and the numbers that the refused system calls have there. */
interface Abi {
  audit: number;
  refused: readonly number[];
}

const IO_URING = [425, 426, 427];
/**
 * Parts of the kernel that no build needs, and that either reach beyond the jail (the keyrings of a user id, which other jails share) or have been ways
 * out of one: add_key, request_key, keyctl, bpf, userfaultfd, perf_event_open, kexec_load, kexec_file_load, init_module, finit_module, delete_module,
 * open_by_handle_at, io_uring. In this order.
 */
const ABIS: Readonly<Record<string, readonly Abi[]>> = {
  x64: [
    { audit: 0xc000003e, refused: [248, 249, 250, 321, 323, 298, 246, 320, 175, 313, 176, 304, ...IO_URING] },
    { audit: 0x40000003, refused: [286, 287, 288, 357, 374, 336, 283, 128, 350, 129, 342, ...IO_URING] },
  ],
  arm64: [
    { audit: 0xc00000b7, refused: [217, 218, 219, 280, 282, 241, 104, 294, 105, 273, 106, 265, ...IO_URING] },
    { audit: 0x40000028, refused: [309, 310, 311, 386, 388, 364, 347, 128, 379, 129, 371, ...IO_URING] },
  ],
};

// linux/bpf_common.h and linux/seccomp.h
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const ENOSYS = 0x00050000 | 38;
const SYSCALL_NUMBER = 0;
const SYSCALL_ABI = 4;
/** x32 numbers on x86-64, which would otherwise be the same calls by other numbers. */
const X32 = 0x40000000;

/** The filter program of a jail for bubblewrap's `--seccomp`: refused calls answer ENOSYS. Undefined on architectures without a list. */
export function seccompFilter(architecture: string = process.arch): Buffer | undefined {
  const abis = ABIS[architecture];
  if (abis === undefined) return undefined;
  const program = [instruction(LOAD, SYSCALL_ABI)];
  for (const abi of abis) {
    const checks = [instruction(LOAD, SYSCALL_NUMBER), ...refusals(abi), instruction(RETURN, ALLOW)];
    program.push(instruction(JUMP_IF_EQUAL, abi.audit, 0, checks.length), ...checks);
  }
  return Buffer.concat([...program, instruction(RETURN, ENOSYS)]);
}

function refusals(abi: Abi): Buffer[] {
  const checks: Buffer[] = [];
  const refuse = (operation: number, value: number) =>
    checks.push(instruction(operation, value, 0, 1), instruction(RETURN, ENOSYS));
  if (abi.audit === 0xc000003e) refuse(JUMP_IF_AT_LEAST, X32);
  for (const number of abi.refused) refuse(JUMP_IF_EQUAL, number);
  return checks;
}

/** struct sock_filter: `whenTrue` and `whenFalse` are how many instructions to skip. */
function instruction(code: number, value: number, whenTrue = 0, whenFalse = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(whenTrue, 2);
  bytes.writeUInt8(whenFalse, 3);
  bytes.writeUInt32LE(value, 4);
  return bytes;
}

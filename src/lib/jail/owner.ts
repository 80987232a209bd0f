/**
 * The first host uid and gid of the 65536 that stand for a jail's own: uid N inside is `shiftedOwner + N` on the host. A constant, because files of
 * prepared roots keep these owners on disk; outside what useradd, systemd (UIDs and GIDs on systemd systems: up to 0x6fffffff) and subuid hand out.
 */
export const shiftedOwner = 0x7a000000;

/** How many ids the map has. */
export const OWNERS = 65_536;

/** Inside: the user that builds. */
export const BUILDER = 1000;

/** True for a host uid or gid that only a jail can have given to a file. */
export function isShifted(id: number): boolean {
  return id >= shiftedOwner && id < shiftedOwner + OWNERS;
}

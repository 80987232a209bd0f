import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../generations.ts';

export type SlotKind = 'build' | 'install';

/**
 * A place where one run of mock at a time works: mock's overlayfs plugin allows one mount per root name, so each concurrent build has a root name of its
 * own, and with it its own layers, caches and locks.
 */
export interface Slot {
  kind: SlotKind;
  generation: string;
  directory: string;
  /** mock's `root`: what it names its directories by. */
  rootName: string;
  basedir: string;
  cache: string;
  overlay: string;
  /** Shared by all slots of one kind: the tarball a new slot is filled from. */
  rootCache: string;
}

export interface SlotLease {
  slot: Slot;
  /** Gives the slot back; `damaged` when mock did not come to its own end: then what is in it cannot be trusted and is removed. */
  release(outcome: 'clean' | 'damaged'): Promise<void>;
}

export interface Slots {
  lease(generation: string, target: string, kind: SlotKind): Promise<SlotLease>;
  /** Directories of slots in use, to be left alone. */
  readonly inUse: ReadonlySet<string>;
}

/** Marks a slot that mock is working in; found at start-up, it means that the work was cut short. */
const BUSY = 'busy';

export function createSlots(): Slots {
  const inUse = new Set<string>();
  return {
    inUse,
    lease: async (generation, target, kind) => {
      const slot = firstFree(generation, target, kind, inUse);
      inUse.add(slot.directory);
      try {
        await occupy(slot);
      } catch (error) {
        inUse.delete(slot.directory);
        throw error;
      }
      return {
        slot,
        release: async (outcome) => {
          try {
            await (outcome === 'clean' ? rm(join(slot.directory, BUSY), { force: true }) : removeSlot(slot.directory));
          } finally {
            inUse.delete(slot.directory);
          }
        },
      };
    },
  };
}

function firstFree(generation: string, target: string, kind: SlotKind, inUse: ReadonlySet<string>): Slot {
  for (let number = 0; ; number += 1) {
    const directory = join(generation, `${kind}-${number}`);
    if (!inUse.has(directory)) return slotAt(generation, target, kind, number);
  }
}

function slotAt(generation: string, target: string, kind: SlotKind, number: number): Slot {
  const directory = join(generation, `${kind}-${number}`);
  return {
    kind,
    generation,
    directory,
    rootName: `trunkline-${target}-${kind}-${number}`,
    basedir: join(directory, 'root'),
    cache: join(directory, 'cache'),
    overlay: join(directory, 'overlay'),
    rootCache: join(generation, `root-cache-${kind}`),
  };
}

async function occupy(slot: Slot): Promise<void> {
  // A mark that nobody in this process set: another run was killed here.
  if (await exists(join(slot.directory, BUSY))) await removeSlot(slot.directory);
  for (const directory of [slot.basedir, slot.cache, slot.overlay]) await mkdir(directory, { recursive: true });
  await writeFile(join(slot.directory, BUSY), '');
}

async function removeSlot(directory: string): Promise<void> {
  // The mark goes last, so that a removal cut short is found too.
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((entry) => entry !== BUSY))
    await rm(join(directory, name), { recursive: true, force: true });
  await rm(directory, { recursive: true, force: true });
}

/** Removes the slots below a generation that a killed run was working in. */
export async function removeBusySlots(generation: string): Promise<void> {
  for (const name of await readdir(generation).catch(() => []))
    if (await exists(join(generation, name, BUSY))) await removeSlot(join(generation, name));
}

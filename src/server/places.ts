import { addressBlock } from '../access/index.ts';

/** Takes a place for an address; what comes back frees it. null: there is none. */
export type Places = (address: string) => (() => void) | null;

/** So many places, and so many of them for one address (of IPv6: its /64). */
export function createPlaces(most: number, each: number): Places {
  let taken = 0;
  const byAddress = new Map<string, number>();
  return (address) => {
    const from = addressBlock(address);
    const others = byAddress.get(from) ?? 0;
    if (taken >= most || others >= each) return null;
    taken += 1;
    byAddress.set(from, others + 1);
    return () => {
      taken -= 1;
      const left = (byAddress.get(from) ?? 1) - 1;
      if (left > 0) byAddress.set(from, left);
      else byAddress.delete(from);
    };
  };
}

/**
 * Writes items together that come while another write goes on, so that many at once cost few transactions. An item is done when the write it was
 * part of is; when that fails, for each of its items.
 */
export function inBatches<T, R>(
  write: (items: readonly T[]) => Promise<readonly R[]>,
  largest: number,
): (item: T) => Promise<R> {
  interface Waiting {
    item: T;
    resolve: (result: R) => void;
    reject: (error: unknown) => void;
  }
  const waiting: Waiting[] = [];
  let writing = false;
  const go = async () => {
    if (writing) return;
    writing = true;
    for (let some = waiting.splice(0, largest); some.length > 0; some = waiting.splice(0, largest))
      try {
        const results = await write(some.map(({ item }) => item));
        for (const [at, { resolve, reject }] of some.entries()) {
          const result = results[at];
          if (result === undefined) reject(new Error('an item was not written'));
          else resolve(result);
        }
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    writing = false;
  };
  return (item) => {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    waiting.push({ item, resolve, reject });
    void go();
    return promise;
  };
}

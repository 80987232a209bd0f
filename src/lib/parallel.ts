/** What `work` answers for each item, in their order; at most `limit` at once. The first failure is thrown when those that had begun have ended. */
export async function inParallel<Item, Answer>(
  limit: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const queue = items.entries();
  const failures: unknown[] = [];
  const next = async () => {
    for (const [n, item] of queue) {
      if (failures.length > 0) return;
      try {
        answers[n] = await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, next));
  if (failures.length > 0) throw failures[0];
  return answers;
}

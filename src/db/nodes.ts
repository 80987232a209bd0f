import { promisify } from 'node:util';
import { deflateRaw, inflateRawSync } from 'node:zlib';
import { inTransaction, type DbOrTx } from './database.ts';

const compress = promisify(deflateRaw);
/** Rows of one statement: SQLite takes 32,766 values. */
const BATCH = 1000;

/** The texts of the nodes of snapshot trees that are there, by hash. */
export async function readNodes(db: DbOrTx, hashes: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let start = 0; start < hashes.length; start += BATCH) {
    const rows = await db.sql
      .selectFrom('tree_nodes')
      .selectAll()
      .where('hash', 'in', hashes.slice(start, start + BATCH))
      .execute();
    // A node has a kilobyte or two: handing each to another thread takes longer than unpacking it here.
    for (const row of rows) found.set(row.hash, inflateRawSync(row.content).toString());
  }
  return found;
}

/** Keeps nodes, in one transaction; what is there already stays. */
export async function writeNodes(db: DbOrTx, nodes: ReadonlyMap<string, string>): Promise<void> {
  if (nodes.size === 0) return;
  const rows = await Promise.all(
    [...nodes].map(async ([hash, text]) => ({ hash, content: await compress(Buffer.from(text)) })),
  );
  await inTransaction(db, async (tx) => {
    for (let start = 0; start < rows.length; start += BATCH)
      await tx.sql
        .insertInto('tree_nodes')
        .values(rows.slice(start, start + BATCH))
        .onConflict((conflict) => conflict.column('hash').doNothing())
        .execute();
  });
}

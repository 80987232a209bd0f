// A program of its own for test/db/open.test.ts: `child.ts URL (count | hang | write)`. It is killed, so it never tidies up.
import { insertBuild, listBuilds, openDatabase, type Tx } from '../../src/db/index.ts';
import { build, NOON, revision } from './samples.ts';

const [url = '', action] = process.argv.slice(2);
const db = await openDatabase({ url, mode: 'write' });

async function addBuild(tx: Tx, name: string): Promise<void> {
  await insertBuild(tx, { revision: await revision(tx, name), target: 't', now: NOON });
}

if (action === 'count') {
  console.log((await listBuilds(db)).length);
  await db.close();
} else if (action === 'hang') {
  await build(db, 'committed');
  console.log('committed');
  await db.transaction(async (tx) => {
    for (let i = 0; i < 2000; i += 1) await addBuild(tx, `half ${i}`);
    console.log('in the midst');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  });
} else {
  for (;;) {
    const before = (await listBuilds(db, { limit: 100_000 })).length;
    await db.transaction(async (tx) => {
      await addBuild(tx, `first ${process.pid} ${before}`);
      await addBuild(tx, `second ${process.pid} ${before}`);
    });
    console.log(before + 2);
  }
}

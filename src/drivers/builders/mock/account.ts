import { run } from '../../../lib/index.ts';

/** Who runs mock: it refuses root and wants a member of the group `mock` (mock(1)). */
export interface MockAccount {
  name: string;
  group: string;
  uid: number;
  gid: number;
}

/** The first account that is not root and belongs to the group `mock`, or null when there is no such group or account. */
export async function findMockAccount(): Promise<MockAccount | null> {
  const group = await getent(['group', 'mock']);
  const [, , gid = '', members = ''] = group[0]?.split(':') ?? [];
  if (!/^\d+$/.test(gid)) return null;
  const accounts = (await getent(['passwd'])).map((line) => line.split(':'));
  const found = accounts.find(
    ([name = '', , uid, primary]) => uid !== '0' && (primary === gid || members.split(',').includes(name)),
  );
  if (found === undefined) return null;
  return { name: found[0] ?? '', group: 'mock', uid: Number(found[2]), gid: Number(gid) };
}

async function getent(query: readonly string[]): Promise<string[]> {
  // 2: no such entry.
  const { stdout } = await run(['getent', ...query], { okExitCodes: [0, 2] });
  return stdout.split('\n').filter((line) => line !== '');
}

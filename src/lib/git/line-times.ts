import { git, type Repository } from './command.ts';

/** 2100-01-01. A committer time after this is a lie, and one a version cannot be written with; it is not used. */
const LATEST_TIME = 4_102_444_800;

/**
 * The function from a commit to its UTC in seconds: the larger of its committer time and its first parent's UTC + 1 (DESIGN 5). It follows from the
 * commit and its ancestors alone, not from when or from where it is asked, and is strictly greater than that of every commit before it on the line.
 * One git process for a whole line, which is then remembered: ask for the newest commit of many first. Asked oldest first, each step reads what is new.
 */
export function createLineTimes(repository: Repository): (commit: string) => Promise<number> {
  let last: { newest: string; times: Map<string, number> } | undefined;
  return async (commit) => {
    const base = last;
    const known = base?.times.get(commit);
    if (known !== undefined) return known;
    const added = base === undefined ? [] : await readLine(repository, commit, base.newest);
    const continued = base !== undefined && added[0]?.parent === base.newest ? base : undefined;
    const steps = continued === undefined ? await readLine(repository, commit, undefined) : added;
    const times = continued?.times ?? new Map<string, number>();
    let utc = continued?.times.get(continued.newest) ?? -1;
    for (const { hash, time } of steps) {
      utc = Math.max(time > LATEST_TIME ? 0 : time, utc + 1);
      times.set(hash, utc);
    }
    last = { newest: commit, times };
    return utc;
  };
}

interface Step {
  hash: string;
  parent: string | undefined;
  /** Committer time in seconds. */
  time: number;
}

/**
 * The first-parent line that ends in `commit`, oldest first, without what `known` leads to. Without git's commit-graph, which keeps 34 bits of a
 * time: a commit that claims the year 2600 would have one time before the graph is written and another after.
 */
async function readLine(repository: Repository, commit: string, known: string | undefined): Promise<Step[]> {
  const args = ['rev-list', '--first-parent', '--timestamp', '--parents', commit];
  const { stdout } = await git(repository, [...args, ...(known === undefined ? [] : [`^${known}`]), '--'], {
    config: [['core.commitGraph', 'false']],
  });
  const steps = stdout
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => {
      const [time = '', hash = '', parent] = text.split(' ');
      return { hash, parent, time: Number(time) };
    });
  return steps.reverse();
}

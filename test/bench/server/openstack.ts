import { randomNumbers } from '../../e2e/random.ts';
import { projectName } from './fill.ts';

/** A commit that reached its branch, and what building it will take. Milliseconds. */
export interface SimulatedCommit {
  at: number;
  project: string;
  takes: number;
  result: 'success' | 'failure' | 'infra_error';
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
export const DAYS = 183;
export const PROJECTS = 275;
/** Monday, 2026-01-05 00:00 UTC. */
export const BEGIN = 1_767_571_200_000;

/** Share of the day's changes in each hour, UTC: the gate merges around the clock, most while Europe and America are awake. */
const HOURS = [2, 2, 2, 2, 2, 2, 3, 4, 5, 5, 5, 5, 5, 6, 7, 7, 7, 6, 6, 5, 4, 3, 3, 2];
/** Share of a week's changes in each day from Monday on. */
const WEEK = [19, 20, 20, 20, 16, 3, 2];
/** Once a fortnight a bot proposes the same change everywhere (requirements, translations), and at a release every project gets a branch and a commit. */
const BURSTS = Math.floor(DAYS / 14);

/**
 * A half-year as OpenStack has it, the same for the same seed: `commits` in all. A few projects get most of them (the k-th in proportion to 1/k), in series
 * of one to several a few minutes apart, as chains of changes merge; every fortnight one to most projects get one within half an hour. A build takes
 * what its project's builds take (lognormal, median two and a half minutes), give or take a quarter; one in sixteen fails, after half of that, and one in
 * two hundred for want of something that is there a minute later.
 */
export function openstackHalfYear(commits: number, seed: number): SimulatedCommit[] {
  const random = randomNumbers(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const usual = Array.from({ length: PROJECTS }, () => 150_000 * Math.exp(0.5 * normal()));
  const byWeight = picker(
    Array.from({ length: PROJECTS }, (_, n) => 1 / (n + 1)),
    random,
  );
  const day = picker(WEEK, random);
  const hour = picker(HOURS, random);
  const found: SimulatedCommit[] = [];
  const add = (at: number, project: number) => {
    const fate = random();
    const result = fate < 0.005 ? 'infra_error' : fate < 0.0675 ? 'failure' : 'success';
    const whole = (usual[project] ?? 0) * Math.exp(0.25 * normal());
    const takes = Math.trunc(Math.min(45 * MINUTE, Math.max(30_000, result === 'success' ? whole : whole / 2)));
    found.push({ at: Math.trunc(at), project: projectName(project), takes, result });
  };
  for (let n = 0; n < BURSTS; n += 1) {
    const at = BEGIN + (n * 14 + Math.floor(random() * 5)) * DAY + (9 + random() * 8) * HOUR;
    const share = n % 6 === 5 ? 0.95 : 0.15 + random() * 0.5;
    for (let project = 0; project < PROJECTS; project += 1)
      if (random() < share && found.length < commits / 2) add(at + random() * 30 * MINUTE, project);
  }
  while (found.length < commits) {
    let at = BEGIN + Math.floor(random() * (DAYS / 7)) * 7 * DAY + day() * DAY + (hour() + random()) * HOUR;
    const project = byWeight();
    for (let more = true; more && found.length < commits; more = random() < 0.35) {
      add(at, project);
      at += random() * 8 * MINUTE;
    }
  }
  return found.sort((a, b) => a.at - b.at);
}

/** Draws a place by its weight. */
function picker(weights: readonly number[], random: () => number): () => number {
  const all = weights.reduce((sum, one) => sum + one, 0);
  return () => {
    let left = random() * all;
    const place = weights.findIndex((one) => (left -= one) < 0);
    return place < 0 ? weights.length - 1 : place;
  };
}

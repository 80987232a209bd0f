// Generated upstream histories: what planning sees at each commit, and which tags are still to come.
import fc from 'fast-check';
import type { FormatName, VersionInputs } from '../../../src/model/index.ts';

/** A tag with how rpm and Debian packagers write its release. */
export interface TagStory {
  tag: string;
  packaged: Record<FormatName, string>;
  final: boolean;
}

export interface PlannedCommit {
  hash: string;
  inputs: VersionInputs;
  /** The highest tag that planning knew, and the tags above it that came later. */
  last: TagStory | undefined;
  next: readonly TagStory[];
}

interface Stage {
  kind: 'dev' | 'a' | 'b' | 'rc' | 'final' | 'post' | 'local';
  number: number;
}

const prefix = fc.constantFrom('', 'v', 'V', 'r', 'release-', 'libfoo-', 'libfoo-v', 'rel/');
const SPELLED = {
  dev: ['.dev#', 'dev#', '-dev.#'],
  a: ['a#', '-alpha#', '.alpha.#', '.0a#'],
  b: ['b#', '-beta.#', '-b#', '.0b#'],
  rc: ['rc#', '-rc#', '-rc.#', '.rc#', '.0rc#', 'c#'],
  final: [''],
  post: ['.post#', '-post#', '.rev#'],
  local: ['+local.#', '+acme.#', '+#'],
} as const;

/** What becomes of one release on its way: some stages, in their order, each with rising numbers. */
const stages = fc
  .record({
    before: fc.subarray(['dev', 'a', 'b', 'rc'] as const),
    counts: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 7, maxLength: 7 }),
    twice: fc.boolean(),
    after: fc.subarray(['local', 'post'] as const),
  })
  .map(({ before, counts, twice, after }): Stage[] =>
    [...before, 'final' as const, ...after].flatMap((kind, index) => {
      const number = counts[index] ?? 1;
      return twice && kind !== 'final'
        ? [
            { kind, number },
            { kind, number: number + 1 },
          ]
        : [{ kind, number }];
    }),
  );

/** Which number of the release goes up next: its first, second, third or a fourth. */
const releases = fc
  .tuple(
    fc.array(fc.nat(30), { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 9 })), { maxLength: 5 }),
  )
  .map(([first, steps]) => {
    const all = [[(first[0] ?? 0) + 1, ...first.slice(1)]];
    for (const [place, by] of steps) {
      const last = all.at(-1) ?? [];
      const next = Array.from({ length: Math.max(last.length, place + 1) }, (_, index) => last[index] ?? 0);
      next[place] = (next[place] ?? 0) + by;
      all.push(
        next.slice(0, Math.max(place + 1, Math.min(last.length, 3))).map((value, index) => (index > place ? 0 : value)),
      );
    }
    return all;
  });

function tagOf(numbers: readonly number[], stage: Stage, lead: string, variant: number): TagStory {
  const release = numbers.join('.');
  const number = String(stage.number);
  const choices = SPELLED[stage.kind].filter((text) => !text.startsWith('.0') || numbers.length === 3);
  const text = choices[variant % choices.length] ?? '';
  const packaged = (post: string): string =>
    release +
    {
      dev: `~~dev${number}`,
      a: `~a${number}`,
      b: `~b${number}`,
      rc: `~rc${number}`,
      final: '',
      post: `${post}${number}`,
      local: text.replace('#', number).replace(/^\+(?!local)/, '+local.'),
    }[stage.kind];
  return {
    tag: `${lead}${release}${text.replace('#', number)}`,
    packaged: { rpm: `${packaged('.post')}-1`, deb: `${packaged('+post')}-1` },
    final: stage.kind === 'final',
  };
}

export const tagStories = fc
  .tuple(
    releases,
    fc.array(stages, { minLength: 6, maxLength: 6 }),
    fc.infiniteStream(fc.nat(11)),
    prefix,
    fc.boolean(),
  )
  .map(([all, ways, variants, lead, mixed]) => {
    const style = variants.next().value as number;
    return all.flatMap((numbers, index) =>
      (ways[index] ?? []).map((stage) =>
        // Labels of different make in one history cannot be ordered; they are refused, which another test shows.
        tagOf(numbers, stage, lead, mixed && stage.kind !== 'local' ? (variants.next().value as number) : style),
      ),
    );
  });

/**
 * Commits with their tags. A tag becomes known some commits after its own (pushed late); lower tags come in with merged stable branches;
 * committer times jump both ways; packaging commits come between.
 */
export const histories = fc
  .tuple(
    tagStories,
    fc.array(
      fc.record({
        tags: fc.constantFrom(0, 0, 0, 1, 1, 2),
        clock: fc.integer({ min: -4_000_000, max: 4_000_000 }),
        packaging: fc.constantFrom(0, 0, 1, 3),
        stable: fc.constantFrom('', '', '0.0.9', '0.0.9rc1', 'private-99.9', '7.1-eol'),
      }),
      { minLength: 2, maxLength: 25 },
    ),
    fc.infiniteStream(fc.integer({ min: 0, max: 0xffffffff })),
  )
  .map(([tags, steps, noise]) => plannedCommits(tags, steps, () => noise.next().value as number));

function plannedCommits(
  tags: readonly TagStory[],
  steps: readonly { tags: number; clock: number; packaging: number; stable: string }[],
  random: () => number,
): PlannedCommit[] {
  let [known, utc, distgitCount] = [0, 0, 1];
  const merged = new Set<string>();
  return steps.map((step) => {
    known = Math.min(tags.length, known + step.tags);
    if (step.stable !== '' && known > 0) merged.add(step.stable);
    utc = Math.max(1_700_000_000 + step.clock, utc + 1);
    distgitCount += step.packaging;
    const seen = [...tags.slice(0, known).map(({ tag }) => tag), ...merged];
    return {
      hash: `${random().toString(16).padStart(8, '0')}00000000`,
      inputs: { tags: random() % 2 === 0 ? seen : seen.reverse(), utc, distgitCount, reported: null },
      last: tags[known - 1],
      next: tags.slice(known),
    };
  });
}

import type { CommitInfo, Revision } from '../../model/index.ts';

/** Who signs the changelog entries that are generated. */
export const PACKAGER = 'Trunkline <trunkline@localhost>';

const MAX_SUBJECT = 200;
const MAX_AUTHOR = 80;

/** One line a commit, newest first: its subject and who wrote it, as plain text that does not end in a backslash. Never empty. */
export function changelogLines(revision: Revision, commits: readonly CommitInfo[]): string[] {
  const lines = commits.map(({ subject, authorName }) => {
    const what = plainLine(subject, MAX_SUBJECT);
    return `${what === '' ? 'Commit without a subject' : what} (${plainLine(authorName, MAX_AUTHOR) || 'unknown'})`;
  });
  return lines.length === 0 ? [`Trunk build of commit ${plainLine(revision.upstream.hash, 64)}.`] : lines;
}

/** Text from outside as one line of at most `max` characters, without control, format and private characters (bidirectional overrides too). */
export function plainLine(text: string, max: number): string {
  const line = text
    .slice(0, 20 * max)
    .toWellFormed()
    .replace(/[\p{Cf}\p{Co}\p{Cn}]/gu, '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  // eslint-disable-next-line @typescript-eslint/no-misused-spread -- cut between code points, to stay valid UTF-8
  const characters = [...line];
  return characters.length <= max
    ? line
    : `${characters
        .slice(0, max - 1)
        .join('')
        .trimEnd()}…`;
}

/** The time of a revision, seconds since the epoch: the same whenever it is packed. */
export function revisionTime(revision: Revision): number {
  return revision.versionInputs?.utc ?? revision.upstream.committerTime;
}

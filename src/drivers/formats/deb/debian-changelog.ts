import { versionText, type PackageVersion, type StageRequest } from '../../../model/index.ts';
import { changelogLines, PACKAGER, revisionTime } from '../changelog-lines.ts';

/** What dpkg can put into a timestamp, 1970 to 9999. */
const LAST = Date.UTC(9999, 11, 31) / 1000;

/** `debian/changelog` with an entry for a trunk build above the packaging's own: distribution `trunk`, the commits since the last tag. */
export function debianChangelog(request: StageRequest, source: string, version: PackageVersion, old: string): Buffer {
  const entry = [
    `${source} (${versionText(version)}) trunk; urgency=medium`,
    '',
    ...changelogLines(request.revision, request.changelog).map((line) => `  * ${line}`),
    '',
    ` -- ${PACKAGER}  ${mailDate(revisionTime(request.revision))}`,
    '',
  ].join('\n');
  return Buffer.concat([Buffer.from(entry), Buffer.from(old.trim() === '' ? '' : `\n${old}`, 'latin1')]);
}

/** `Fri, 02 Jan 2026 03:04:05 +0000` (RFC 5322). */
export function mailDate(time: number): string {
  return new Date(Math.min(Math.max(time, 0), LAST) * 1000).toUTCString().replace('GMT', '+0000');
}

import type { PackageVersion, StageRequest } from '../../../model/index.ts';
import { versionText } from '../../../model/index.ts';
import { changelogLines, PACKAGER, revisionTime } from '../changelog-lines.ts';
import { conditionalOf, type SpecSection } from './spec-lines.ts';

/** What rpm takes for a date in a changelog and can store: 1990 to 2100. */
const DATES = [Date.UTC(1990, 0, 1) / 1000, Date.UTC(2100, 0, 1) / 1000] as const;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The `%changelog` section: one entry with the commits since the last tag, as text in which rpm finds no macro. */
export function changelogSection(request: StageRequest, version: PackageVersion): string[] {
  const lines = changelogLines(request.revision, request.changelog).map((line) => `- ${withoutMacros(line)}`);
  return ['%changelog', `* ${rpmDate(revisionTime(request.revision))} ${PACKAGER} - ${versionText(version)}`, ...lines];
}

/** rpm turns `%%` back into one per cent sign. */
function withoutMacros(text: string): string {
  return text.replaceAll('%', '%%');
}

/** `Fri Jan 02 2026`, UTC. */
export function rpmDate(time: number): string {
  const date = new Date(Math.min(Math.max(time, DATES[0]), DATES[1]) * 1000);
  const day = String(date.getUTCDate()).padStart(2, '0');
  return `${DAYS[date.getUTCDay()] ?? ''} ${MONTHS[date.getUTCMonth()] ?? ''} ${day} ${String(date.getUTCFullYear())}`;
}

/** The lines of a changelog section that close or divide a conditional opened before it; they have to stay when the section goes. */
export function foreignConditionals(section: SpecSection): string[] {
  let depth = 0;
  return section.lines.flatMap((line) => {
    const kind = conditionalOf(line);
    if (kind === 'if') depth += 1;
    const foreign = depth === 0 && (kind === 'else' || kind === 'endif');
    if (kind === 'endif' && depth > 0) depth -= 1;
    return foreign ? [line.text] : [];
  });
}

import type { VersionRule } from '../project.ts';
import { versionTags } from './tags.ts';
import { compareUpstreamVersions, type UpstreamVersion } from './upstream.ts';

/** The tag with the highest version among those reachable, or null: where the changelog of a trunk build begins (DESIGN 5). */
export function lastVersionTag(
  tags: readonly string[],
  rule: VersionRule,
  names: readonly string[] | undefined,
): string | null {
  let top: { tag: string; version: UpstreamVersion } | null = null;
  for (const { tag, version } of versionTags(tags, rule, names)) {
    if ('letter' in version) continue;
    if (top === null || compareUpstreamVersions(version, top.version) > 0) top = { tag, version };
  }
  return top?.tag ?? null;
}

import { z } from 'zod';
import { FORMAT_NAMES } from '../../../model/index.ts';
import { duration, listOf, release, text } from './fields.ts';
import { targetLimitsSchema } from './limits.ts';
import {
  labelRule,
  absolutePathRule,
  archRule,
  componentRule,
  distRule,
  keyRule,
  packageNameRule,
  refPatternRule,
  repositoryIdRule,
  repositoryUrlRule,
  wordRule,
} from './rules.ts';

/** One schema for both kinds, so that a mistake in one key is reported as such; which keys go with which format is checked in targets.ts. */
export const baseRepositorySchema = z.strictObject({
  id: text(repositoryIdRule)
    .describe('Short name of the repository. deb: `base-1`, `base-2`… when not given.')
    .optional(),
  baseurl: listOf(text(repositoryUrlRule))
    .describe(
      'rpm: address or addresses of the directory that has `repodata/`; `$releasever` and `$basearch` are filled in.',
    )
    .optional(),
  metalink: text(repositoryUrlRule).describe('rpm: address of a metalink, instead of baseurl.').optional(),
  mirrorlist: text(repositoryUrlRule).describe('rpm: address of a mirror list, instead of baseurl.').optional(),
  gpgkey: listOf(text(keyRule))
    .describe('rpm: keys the packages are signed with, as URLs or absolute paths.')
    .optional(),
  gpgcheck: z
    .boolean()
    .describe(
      'rpm: `false` takes packages without checking signatures. Needed for a repository without gpgkey that is not on this machine.',
    )
    .optional(),
  priority: z.int().min(2).max(99).describe('rpm: lower wins; our own snapshot has 1. Default 99.').optional(),
  uri: text(repositoryUrlRule).describe('deb: what stands before the suite in a deb line.').optional(),
  suites: listOf(text(wordRule)).describe('deb: suites, as `[bookworm, bookworm-updates]`.').optional(),
  components: listOf(text(wordRule)).describe('deb: components of that repository. Default `[main]`.').optional(),
  signed_by: text(absolutePathRule)
    .describe('deb: keyring the repository is signed with, as an absolute path. Default: the keyrings of this machine.')
    .optional(),
  trusted: z
    .boolean()
    .describe('deb: `true` does not check signatures (local repositories). Default `false`.')
    .optional(),
});

const packages = () => listOf(text(packageNameRule));

export const targetSchema = z.strictObject({
  format: z.enum(FORMAT_NAMES).describe('`rpm` or `deb`. Default: as the distribution has it.').optional(),
  builder: text().describe('`sandbox` (ours), `mock` (rpm) or `sbuild` (deb).').prefault('sandbox'),
  distribution: text(wordRule)
    .describe('`fedora`, `centos-stream`, `debian`… Default: the first part of the target’s name.')
    .optional(),
  release: release(wordRule).describe('`43`, `9`, `12`… Default: the middle part of the target’s name.').optional(),
  arch: text(archRule)
    .describe(
      'The format’s own word: `x86_64`, `amd64`. Default: the last part of the target’s name, else this machine’s.',
    )
    .optional(),
  dist: text(distRule)
    .describe('rpm: `%{dist}` with its dot. Default: as the distribution has it (`.fc43`, `.el9`), else none.')
    .optional(),
  base: z
    .array(baseRepositorySchema)
    .describe('The repositories of the distribution that the target builds on.')
    .optional(),
  base_from_mock: text()
    .describe(
      'rpm: take the base repositories (and arch, release and build packages, where not given) out of this mock configuration: a name in /etc/mock or an absolute path. It is read, not executed.',
    )
    .optional(),
  root: z
    .enum(['prepared', 'host'])
    .describe(
      'sandbox: what a build starts from. `prepared`: a root made from the base repositories by `trunkline target prepare`. `host`: this machine’s own programs.',
    )
    .prefault('prepared'),
  build_packages: packages()
    .describe('Packages every build root starts with. Default: the distribution’s usual set.')
    .optional(),
  install_packages: packages()
    .describe('Packages the clean root of the install check starts with. Default: a minimal system.')
    .optional(),
  version_form: z
    .enum(['caret', 'dlrn'])
    .describe(
      '`caret`: `1.2^<UTC>.git<hash>-<n>`. `dlrn` (rpm): release `0.<UTC>.<hash>.<n>`, for distributions whose rpm has no `^`.',
    )
    .prefault('caret'),
  compression: z
    .enum(['gzip', 'zstd'])
    .describe(
      'How index files are compressed. `gzip` is read by every client, `zstd` by those of EL 9, Fedora, Debian 12 and newer.',
    )
    .prefault('gzip'),
  valid_for: duration()
    .describe(
      'deb: how long apt may believe the index of a ref, as its `Valid-Until` says. A server renews it after half of that, and so does every `trunkline run`. Default: for ever.',
    )
    .optional(),
  components: listOf(text(componentRule))
    .describe(
      'deb: components of the target’s own repository, as `[main, contrib]`. A package stands in the one that its Section names (`contrib/net`), in the first where it names none; one that is not here is refused. With one alone everything stands in it. Default `[main]`.',
    )
    .optional(),
  restricted: z
    .union([z.boolean(), listOf(text(refPatternRule))])
    .describe(
      'What is read over HTTP with a grant only: the whole target (`true`), or these refs, as `[released, rc*]`. See access.md.',
    )
    .prefault(false),
  mock_config: text()
    .describe(
      'mock: the configuration to use, a name in /etc/mock or an absolute path. Default: one made from the base repositories.',
    )
    .optional(),
  labels: listOf(text(labelRule))
    .describe(
      'What whoever builds for it has to have besides, as `[gpu, trusted]`: `trunkline worker --label`, and its token has to grant it.',
    )
    .prefault([]),
  limits: targetLimitsSchema.describe('What differs from the limits above for this target.').prefault({}),
});

export type TargetInput = z.output<typeof targetSchema>;
export type BaseRepositoryInput = z.output<typeof baseRepositorySchema>;

import { z } from 'zod';
import { command, listOf, text } from './fields.ts';
import {
  branchRule,
  gitUrlRule,
  insidePathRule,
  mailAddressRule,
  nameRule,
  tagPatternRule,
  wordRule,
} from './rules.ts';

const branch = () => text(branchRule).describe('Branch to follow.').prefault('main');

const upstream = z.union([
  z.strictObject({ url: text(gitUrlRule).describe('Address of the git repository.'), branch: branch() }),
  text(gitUrlRule).transform((url) => ({ url, branch: 'main' })),
]);

const packaging = z.union([
  z.strictObject({
    url: text(gitUrlRule).describe('Address of the git repository.'),
    branch: branch(),
    path: text(insidePathRule)
      .describe('Directory that has the spec file or `debian/`, relative to the top. Default: the top.')
      .prefault(''),
  }),
  text(gitUrlRule).transform((url) => ({ url, branch: 'main', path: '' })),
]);

const version = z
  .strictObject({
    from: z
      .enum(['tags', 'pep440', 'script'])
      .describe(
        '`tags`: the highest reachable version tag. `pep440`: the project’s own Python metadata. `script`: what `script` prints.',
      )
      .prefault('tags'),
    script: command()
      .describe('Program that prints the version on its last line, run in the sandbox at the top of the upstream tree.')
      .optional(),
    epoch: z
      .int()
      .min(0)
      .max(2_147_483_647)
      .describe('Epoch of the packages; raise it when a history went downwards.')
      .optional(),
    tag_pattern: text(tagPatternRule)
      .describe('Regular expression with one group: which tags are version tags, and which part is the version.')
      .optional(),
  })
  .superRefine((rule, context) => {
    if (rule.from === 'script' && rule.script === undefined)
      missing(context, 'script', 'from: script needs the program to run');
    if (rule.from !== 'script' && rule.script !== undefined) unused(context, 'script', 'from: script');
    if (rule.from !== 'tags' && rule.tag_pattern !== undefined) unused(context, 'tag_pattern', 'from: tags');
  });

const source = z
  .strictObject({
    from: z
      .enum(['archive', 'command'])
      .describe('`archive`: git archive of the commit. `command`: the project’s own.')
      .prefault('archive'),
    command: command().describe('Program that leaves one tarball in `$TRUNKLINE_OUT`, run in the sandbox.').optional(),
    submodules: z.boolean().describe('Whether submodules are put into the tarball.').prefault(false),
  })
  .superRefine((rule, context) => {
    if (rule.from === 'command' && rule.command === undefined)
      missing(context, 'command', 'from: command needs the program to run');
    if (rule.from !== 'command' && rule.command !== undefined) unused(context, 'command', 'from: command');
  });

type Refinement = z.core.$RefinementCtx;

function missing(context: Refinement, key: string, what: string): void {
  context.addIssue({ code: 'custom', path: ['from'], message: what, params: { remedy: `add ${key}` } });
}

function unused(context: Refinement, key: string, by: string): void {
  context.addIssue({
    code: 'custom',
    path: [key],
    message: `${key} is read with ${by} only`,
    params: { remedy: `write ${by}, or remove ${key}` },
  });
}

export const projectSchema = z.strictObject({
  upstream: upstream.describe('The upstream repository; an address alone follows branch `main`.'),
  packaging: z
    .strictObject({
      rpm: packaging.describe('Repository with the spec file; an address alone follows branch `main`.').optional(),
      deb: packaging.describe('Repository with `debian/`; an address alone follows branch `main`.').optional(),
    })
    .describe('Where the packaging lies, per format.'),
  maintainers: listOf(text(mailAddressRule))
    .describe('Who is told of the first failure and of the recovery.')
    .prefault([]),
  component: text(nameRule).describe('Group of projects it belongs to.').optional(),
  targets: listOf(text(nameRule))
    .describe('Targets it is built for. Default: every target whose format has packaging.')
    .optional(),
  tags: listOf(text(wordRule)).describe('Free words to select projects by.').prefault([]),
  version: version.describe('Where its version comes from.').prefault({}),
  source: source.describe('How its source tarball is made.').prefault({}),
  vars: z
    .record(z.string(), z.union([z.string(), z.int().transform(String)]))
    .describe(
      'Free words for `%(word)s`. The ones in `defaults` are kept, unlike other keys, when a project has its own.',
    )
    .prefault({}),
});

export type ProjectInput = z.output<typeof projectSchema>;

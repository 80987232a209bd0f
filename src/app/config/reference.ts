import { configJsonSchema } from './json-schema.ts';

interface Shape {
  title?: string;
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, Shape>;
  required?: string[];
  additionalProperties?: Shape | boolean;
  items?: Shape;
  anyOf?: Shape[];
  minimum?: number;
  maximum?: number;
}

const INTRODUCTION = `# Configuration

One YAML file, \`trunkline.yaml\`, found by \`--config\`, else \`TRUNKLINE_CONFIG\`, else in the current directory, else as
\`/etc/trunkline/trunkline.yaml\`. \`trunkline init\` writes a commented one, \`trunkline config check\` reports every mistake with its line and
remedy, \`trunkline config schema\` prints the JSON Schema (also [trunkline.schema.json](trunkline.schema.json)) that lets editors complete it.

This page is made from the schema by \`node scripts/config-docs.ts\`.

- **Sizes** are bytes, or a number with \`KiB MiB GiB TiB\` (1024) or \`kB MB GB TB\` (1000); a lone \`k M G T\` counts in thousands.
- **Times** are seconds, or \`90s\`, \`30m\`, \`2h\`, \`1d\`, \`1h30m\`.
- **Lists** of one item may be written without brackets.
- **Secrets** need not stand in the file: \`\${NAME}\` in \`data_dir\`, \`database\`, \`mail.smtp\` and secrets is taken from the environment (percent-encoded
  inside an address), and \`database_file\` and \`mail.smtp_file\` name a file whose first line is the value.
- **Names** of projects and targets become directories: a letter or digit, then letters, digits and \`. _ + -\`, at most 100.
- **Defaults** are merged into each project key by key: a project's \`packaging\` replaces the defaults' \`packaging\` as a whole. Words in
  \`vars\` are merged one by one.
- **Substitution**: in every text of a project \`%(name)s\` is its name and \`%(key)s\` another of its keys that is plain text, or a word of its
  \`vars\`. It is done once; an unknown key is a mistake; \`%%(\` stands for \`%(\`.
- **dnf's variables** \`$releasever\`, \`$basearch\` and \`$arch\` in rpm repositories are filled in from the target.
`;

/** docs/configuration.md: every key with its type, default and meaning. */
export function configurationReference(): string {
  const shape = configJsonSchema() as Shape;
  const sections = [
    ['General', shape, ['defaults', 'targets', 'projects']],
    [
      'A maintainer: `mail.maintainers.<address>`',
      entry(objectForm(shape.properties?.mail ?? {}).properties?.maintainers),
      [],
    ],
    ['A forge: `forges.<name>`', entry(shape.properties?.forges), []],
    ['A target: `targets.<name>`', entry(shape.properties?.targets), []],
    ['A project: `projects.<name>` and `defaults`', entry(shape.properties?.projects), []],
  ] as const;
  const tables = sections.map(
    ([title, section, without]) =>
      `## ${title}\n\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n${rows(section, '', without).join('\n')}\n`,
  );
  return [INTRODUCTION, ...tables].join('\n');
}

const entry = (map: Shape | undefined): Shape =>
  objectForm(typeof map?.additionalProperties === 'object' ? map.additionalProperties : {});

/** The form of a value that has keys of its own. */
function objectForm(shape: Shape): Shape {
  if (shape.properties) return shape;
  return shape.anyOf?.map(objectForm).find((form) => form.properties !== undefined) ?? {};
}

function rows(shape: Shape, prefix: string, without: readonly string[] = []): string[] {
  return Object.entries(shape.properties ?? {})
    .filter(([key]) => !without.includes(key))
    .flatMap(([key, value]) => {
      const name = `${prefix}${key}`;
      const list = value.items && objectForm(value.items).properties ? objectForm(value.items) : undefined;
      const inner = list ?? objectForm(value);
      return [row(name, value), ...rows(inner, list ? `${name}[].` : `${name}.`)];
    });
}

function row(name: string, shape: Shape): string {
  const fallback = shape.default;
  const simple =
    fallback !== undefined &&
    fallback !== '' &&
    (typeof fallback !== 'object' || Object.keys(fallback ?? {}).length > 0);
  const cells = [
    `\`${name}\``,
    kind(shape),
    simple ? `\`${JSON.stringify(fallback).replace(/^"(.*)"$/, '$1')}\`` : '',
    shape.description ?? '',
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function kind(shape: Shape): string {
  if (shape.title !== undefined) return shape.title;
  if (shape.enum) return shape.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (shape.anyOf) return [...new Set(shape.anyOf.map(kind))].filter((word) => word !== '').join(' or ');
  const types = [shape.type ?? []].flat();
  if (types.includes('integer'))
    return shape.maximum !== undefined && shape.maximum < Number.MAX_SAFE_INTEGER
      ? `${String(shape.minimum)}–${String(shape.maximum)}`
      : 'whole number';
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    object: 'mapping',
    array: 'list',
    boolean: '`true` or `false`',
    null: 'nothing',
  };
  return types
    .map((type) => (type === 'array' && shape.items ? `list of ${kind(shape.items)}` : (words[type] ?? type)))
    .join(' or ');
}

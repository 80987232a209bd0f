import type { FormatName, Packaging, Project } from '../../model/index.ts';
import { check, valueAt, type Problem } from './issues.ts';
import type { Report } from './report.ts';
import { nameRule, projectSchema, type ProjectInput } from './schema/index.ts';
import { substitute, type SubstitutionProblem } from './substitute.ts';
import { didYouMean } from './suggest.ts';
import type { ConfigText, Path, Place } from './yaml.ts';

type Entry = Readonly<Record<string, unknown>>;

export interface ProjectContext {
  config: ConfigText;
  report: Report;
  defaults: Entry;
  /** Every target the file names, also wrong ones, with its format where it can be told. */
  targetFormats: ReadonlyMap<string, FormatName | undefined>;
}

/** The projects with defaults and substitutions worked out; wrong ones are reported and left out. */
export function readProjects(section: Entry, context: ProjectContext): Project[] {
  checkDefaults(context);
  return Object.entries(section).flatMap(([name, raw]) => readProject(name, raw, context) ?? []);
}

/**
 * The defaults on their own: their mistakes are reported once and where they stand, also when no project uses them. A text with something to
 * be filled in is judged with each project.
 */
function checkDefaults({ config, defaults, report }: ProjectContext): void {
  const { problems } = check(projectSchema.partial(), defaults, (path) => config.written(['defaults', ...path]));
  const isWhole = ({ path }: Problem) => {
    const value = valueAt(defaults, path);
    return typeof value !== 'string' || !value.includes('%(');
  };
  report.addAll(problems.filter(isWhole), ['defaults']);
}

function readProject(name: string, raw: unknown, context: ProjectContext): Project | undefined {
  const { config, report } = context;
  const path = ['projects', name];
  const before = report.mistakes.length;
  const refusal = nameRule(name);
  if (refusal) report.add(path, refusal.what, refusal.remedy, 'key');
  if (raw !== null && (typeof raw !== 'object' || Array.isArray(raw))) {
    report.add(path, 'expected a mapping (key: value)', `write ${name}: {} when the defaults say everything`);
    return undefined;
  }
  const { merged, origin } = merge(name, (raw ?? {}) as Entry, context.defaults);
  const unfilled: SubstitutionProblem[] = [];
  const filled = substitute(merged, lookupIn(name, merged), unfilled);
  const known = new Set(report.mistakes.map(placeOf));
  // A hundred projects have the defaults' mistake in common; one of them tells of it.
  const isNew = (at: Path, place?: Place) => at[0] !== 'defaults' || !known.has(placeOf(config.position(at, place)));
  const untold = unfilled.filter(({ path: at }) => isNew(origin(at)));
  reportSubstitutions(untold, name, merged, origin, report);
  const { result, problems } = check(projectSchema, filled, (inner) => config.written(origin(inner)));
  const left = new Set(unfilled.map(({ path: at }) => placeOf(config.position(origin(at)))));
  const isOwn = ({ path: at, place }: Problem) => !left.has(placeOf(config.position(origin(at), place)));
  report.addAll(
    problems.filter((problem) => isNew(origin(problem.path), problem.place) && isOwn(problem)),
    origin,
  );
  const targets = chooseTargets(name, merged, result, { ...context, origin });
  if (!result || report.mistakes.length > before) return undefined;
  return buildProject(name, result, targets);
}

const placeOf = ({ line, column }: { line: number; column: number }) => `${line}:${column}`;

/** The project's own keys over the defaults', whole keys at a time; `vars` word by word. `origin` says where in the file a path came from. */
function merge(name: string, own: Entry, defaults: Entry): { merged: Entry; origin: (path: Path) => Path } {
  const vars = { ...entryOf(defaults.vars), ...entryOf(own.vars) };
  const merged = { ...defaults, ...own, ...(Object.keys(vars).length > 0 ? { vars } : {}) };
  const origin = (path: Path): Path => {
    const [key, word] = path;
    const fromOwn =
      key === undefined ||
      (key === 'vars' && word !== undefined ? Object.hasOwn(entryOf(own.vars), word) : Object.hasOwn(own, key)) ||
      !Object.hasOwn(defaults, key);
    return fromOwn ? ['projects', name, ...path] : ['defaults', ...path];
  };
  return { merged, origin };
}

function entryOf(value: unknown): Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Entry) : {};
}

/** What `%(key)s` stands for: the name, a word of `vars`, or a key of the project that is plain text. null: it is there and no text. */
function lookupIn(name: string, merged: Entry): (key: string) => string | undefined | null {
  const vars = entryOf(merged.vars);
  return (key) => {
    if (key === 'name') return name;
    const found = Object.hasOwn(vars, key) ? vars[key] : Object.hasOwn(merged, key) ? merged[key] : undefined;
    if (found === undefined) return undefined;
    return typeof found === 'string' || typeof found === 'number' ? String(found) : null;
  };
}

function reportSubstitutions(
  problems: readonly SubstitutionProblem[],
  name: string,
  merged: Entry,
  origin: (path: Path) => Path,
  report: Report,
): void {
  const texts = Object.keys(merged).filter((key) => typeof merged[key] === 'string');
  const known = ['name', ...Object.keys(entryOf(merged.vars)), ...texts];
  for (const { path, key, why } of problems) {
    const at = origin(path);
    const whose = at[0] === 'defaults' ? ` (used by ${name})` : '';
    const placeholder = `%(${key})s`;
    if (why === 'unfinished')
      report.add(
        at,
        `a %( that begins no %(key)s in ${JSON.stringify(key)}`,
        'write %(key)s, or %%( for the characters %(',
      );
    else if (why === 'nested')
      report.add(
        at,
        `${placeholder}${whose} stands for something with another %(…)s in it`,
        'substitution is done once; write the words out there',
      );
    else if (why === 'no_text')
      report.add(
        at,
        `${placeholder}${whose} stands for a list or mapping`,
        'only keys that are plain text can be filled in',
      );
    else
      report.add(
        at,
        `${placeholder}${whose} stands for nothing: the project has no ${JSON.stringify(key)}`,
        `${didYouMean(key, known)} other words go under vars`,
      );
  }
}

interface TargetChoice extends ProjectContext {
  origin: (path: Path) => Path;
}

/** The targets a project is built for. Named ones must exist and have packaging; without any named, all that have packaging. */
function chooseTargets(name: string, merged: Entry, result: ProjectInput | undefined, context: TargetChoice): string[] {
  const { targetFormats, report, origin } = context;
  const packaging = entryOf(result?.packaging ?? merged.packaging);
  const named = result?.targets ?? [merged.targets ?? []].flat().filter((item) => typeof item === 'string');
  const all = merged.targets === undefined;
  if (all) {
    const fitting = [...targetFormats].filter(([, format]) => format !== undefined && packaging[format] !== undefined);
    if (fitting.length === 0 && targetFormats.size > 0 && result !== undefined)
      report.add(
        ['projects', name],
        `${name} has packaging for no target's format`,
        'add packaging: {rpm: …} or {deb: …}',
        'key',
      );
    return fitting.map(([target]) => target);
  }
  for (const [index, target] of named.entries()) {
    const at = origin(Array.isArray(merged.targets) ? ['targets', index] : ['targets']);
    const format = targetFormats.get(target);
    if (!targetFormats.has(target))
      report.add(at, `there is no target ${JSON.stringify(target)}`, didYouMean(target, [...targetFormats.keys()]));
    else if (format !== undefined && packaging[format] === undefined)
      report.add(
        at[0] === 'defaults' ? ['projects', name] : at,
        `${name} is to be built for ${target}, and has no packaging for ${format}`,
        `add packaging: {${format}: …}, or give it targets without ${target}`,
        at[0] === 'defaults' ? 'key' : 'value',
      );
  }
  return [...new Set(named)];
}

function buildProject(name: string, input: ProjectInput, targets: readonly string[]): Project {
  const packaging: Partial<Record<FormatName, Packaging>> = {
    ...(input.packaging.rpm ? { rpm: input.packaging.rpm } : {}),
    ...(input.packaging.deb ? { deb: input.packaging.deb } : {}),
  };
  return {
    name,
    upstream: input.upstream,
    packaging,
    maintainers: input.maintainers,
    component: input.component ?? null,
    targets,
    tags: input.tags,
    version: {
      from: input.version.from,
      script: input.version.script ?? [],
      epoch: input.version.epoch ?? null,
      tagPattern: input.version.tag_pattern ?? null,
    },
    source: { from: input.source.from, command: input.source.command ?? [], submodules: input.source.submodules },
  };
}

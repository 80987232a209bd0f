import { z } from 'zod';
import { TrunklineError } from '../../../../lib/index.ts';
import type { SupplementsAbout } from '../../../../model/index.ts';
import type { OpenJail } from '../../confined-reading.ts';
import { invalidSupplement } from './invalid.ts';
import {
  defaultsDocument,
  modulesSchema,
  streamDocument,
  type ModuleDefaults,
  type Modules,
  type ModuleStream,
} from './modules-schema.ts';
import type { SupplementFile } from './read.ts';

const BYTES = 256 * 1024;
const LIMITS = { memory: 256 * 1024 ** 2, processes: 16, disk: 1024 ** 2 };

/**
 * Reads YAML in a jail and prints it as JSON. All scalars are strings, as they are for libmodulemd (a stream 1.10 is not 1.1). Aliases are refused: nothing
 * is expanded.
 */
const PROGRAM = `
import json, sys, yaml
try:
    loader = yaml.CBaseLoader
except AttributeError:
    loader = yaml.BaseLoader
text = sys.stdin.buffer.read().decode("utf-8")
try:
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not taken", problem_mark=event.start_mark)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > 20:
            raise yaml.MarkedYAMLError(problem="it is nested too deep", problem_mark=event.start_mark)
    documents = [(node.start_mark.line + 1, node) for node in yaml.compose_all(text, Loader=loader)]
    print(json.dumps([[line, yaml.BaseLoader("").construct_document(node)] for line, node in documents]))
except yaml.MarkedYAMLError as error:
    mark = error.problem_mark or error.context_mark
    print(json.dumps({"line": mark.line + 1 if mark else 1, "problem": str(error.problem)}))
except (yaml.YAMLError, UnicodeError, RecursionError, ValueError, TypeError) as error:
    print(json.dumps({"line": 1, "problem": type(error).__name__ + ": " + str(error)[:200]}))
`;

const answerSchema = z.union([
  z.array(z.tuple([z.int(), z.unknown()])),
  z.strictObject({ line: z.int(), problem: z.string() }),
]);

/** The module that some files describe, with what the packager left to the build system. @throws TrunklineError `source_invalid`, `missing_tool` */
export async function readModules(
  openJail: OpenJail,
  files: readonly SupplementFile[],
  about: SupplementsAbout,
): Promise<string> {
  const modules: { streams: ModuleStream[]; defaults: ModuleDefaults[] } = { streams: [], defaults: [] };
  for (const file of files)
    for (const [line, document] of await readYaml(openJail, file)) {
      const where = `${file.path}:${String(line)}`;
      if (kindOf(document) === 'modulemd-defaults')
        modules.defaults.push(checked(where, defaultsDocument, document).data);
      else modules.streams.push(filled(where, checked(where, streamDocument, document).data, about));
    }
  const [stream, another] = modules.streams;
  const path = files[0]?.path ?? '';
  if (stream === undefined || another !== undefined)
    throw invalidSupplement(
      path,
      `The packaging describes ${String(modules.streams.length)} module streams, and a project is one`,
      'keep one document of the kind modulemd: all packages of the project are in it',
    );
  const foreign = modules.defaults.find(({ module }) => module !== stream.name);
  if (foreign !== undefined || modules.defaults.length > 1)
    throw invalidSupplement(
      path,
      `It says what is default of ${foreign?.module ?? stream.name}${foreign === undefined ? ' twice' : ''}`,
      `say it once, and of ${stream.name} alone: that is the module it describes`,
    );
  return JSON.stringify({ stream, defaults: modules.defaults[0] ?? null } satisfies Modules);
}

/** What `readModules` wrote. */
export function parseModules(text: string): Modules {
  return modulesSchema.parse(JSON.parse(text));
}

async function readYaml(openJail: OpenJail, { path, content }: SupplementFile): Promise<[number, unknown][]> {
  if (content.length > BYTES)
    throw invalidSupplement(
      path,
      `It has ${String(content.length)} bytes, more than 256 KiB`,
      'leave out what is not needed',
    );
  const jail = await openJail({ label: 'read-modulemd', limits: LIMITS });
  try {
    const command = ['/usr/bin/python3', '-I', '-c', PROGRAM] as const;
    const result = await jail.run(command, { root: 'tools', user: 'builder', input: content, timeout: 20 });
    if (result.exitCode === 127 || /No module named '?yaml/.test(result.stderr))
      throw new TrunklineError(
        'missing_tool',
        'Python or its YAML parser is not there, which modulemd files are read with',
        {
          hint: 'apt-get install python3-yaml',
        },
      );
    const answer = answerSchema.safeParse(result.exitCode === 0 ? JSON.parse(result.stdout) : null);
    if (!answer.success)
      throw invalidSupplement(
        path,
        `It took too much to read (${result.stop ?? 'the parser failed'})`,
        'write it plainly',
      );
    if (Array.isArray(answer.data)) return answer.data;
    const { line, problem } = answer.data;
    throw invalidSupplement(
      `${path}:${String(line)}`,
      `It is no YAML that can be taken: ${problem}`,
      'correct the file',
    );
  } finally {
    await jail.close();
  }
}

function kindOf(document: unknown): unknown {
  return typeof document === 'object' && document !== null && 'document' in document ? document.document : undefined;
}

function checked<T extends z.ZodType>(where: string, schema: T, document: unknown): z.output<T> {
  const read = schema.safeParse(document);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? 'the document' : issue.path.join('.');
  throw invalidSupplement(
    where,
    `It is no modulemd document of version 2 that can be taken: ${place}: ${(issue?.message ?? '').slice(0, 300)}`,
    'see the specification of modulemd; what is in the module is filled in when it is published',
  );
}

/** The build system's part, where the packager left it out (modulemd's specification calls it automatic). */
function filled(
  where: string,
  data: z.output<typeof streamDocument>['data'],
  { arch, utc, distgitCommit }: SupplementsAbout,
): ModuleStream {
  if (data.arch !== undefined && data.arch !== arch)
    throw invalidSupplement(where, `It is for ${data.arch}, and the target is ${arch}`, 'leave out arch');
  const version = Number(new Date(utc * 1000).toISOString().slice(0, 19).replaceAll(/\D/g, ''));
  return { ...data, arch, version: data.version ?? version, context: data.context ?? distgitCommit.slice(0, 8) };
}

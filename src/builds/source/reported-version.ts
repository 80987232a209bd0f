import { TrunklineError } from '../../lib/index.ts';
import type { VersionRule } from '../../model/index.ts';
import { requireSuccess, withJailedTree, type TreeJail } from './jailed-tree.ts';
import type { TreeRequest } from './tarball.ts';

export interface ReportRequest {
  tree: TreeRequest;
  jail: TreeJail;
  rule: Pick<VersionRule, 'from' | 'script'>;
}

/**
 * Prints the version that a Python project's metadata states: `project.version` (PEP 621) or poetry's in pyproject.toml, `metadata.version` in
 * setup.cfg when it is plain text, else what setuptools works out, from setup.py or without one; its 0.0.0 stands for nothing stated (a version that
 * only git knows, as setuptools-scm's).
 */
const PEP440 = `
import configparser, os, subprocess, sys
def stated():
    if os.path.isfile('pyproject.toml'):
        try:
            import tomllib
        except ImportError:
            import tomli as tomllib
        with open('pyproject.toml', 'rb') as file:
            project = tomllib.load(file)
        yield project.get('project', {}).get('version')
        yield project.get('tool', {}).get('poetry', {}).get('version')
    if os.path.isfile('setup.cfg'):
        setup = configparser.RawConfigParser()
        setup.read('setup.cfg', encoding='utf-8')
        version = setup.get('metadata', 'version', fallback='').strip()
        yield None if version.startswith(('attr:', 'file:')) else version
for version in stated():
    if isinstance(version, str) and version.strip():
        print(version)
        sys.exit()
if not any(os.path.isfile(name) for name in ('pyproject.toml', 'setup.cfg', 'setup.py')):
    sys.exit('there is no pyproject.toml, setup.cfg or setup.py')
command = ['setup.py'] if os.path.isfile('setup.py') else ['-c', 'import setuptools; setuptools.setup()']
done = subprocess.run([sys.executable, *command, '--quiet', '--version'], stdout=subprocess.PIPE)
version = done.stdout.decode('utf-8', 'replace').strip().split('\\n')[-1]
if done.returncode == 0 and version in ('', '0.0.0'):
    sys.exit('setuptools finds no version in it')
print(version)
sys.exit(done.returncode)
`;

const LONGEST = 200;

/**
 * What the project itself says its version is, by running its program in a jail: the last line printed, unchecked but for its length.
 * @throws TrunklineError `source_invalid` when the program fails or prints nothing.
 */
export async function reportVersion({ tree, jail, rule }: ReportRequest): Promise<string> {
  const [program, ...args] = rule.from === 'pep440' ? ['python3', '-c', PEP440] : rule.script;
  if (program === undefined) throw new TrunklineError('invalid_argument', `version.from: ${rule.from} runs no program`);
  const result = await withJailedTree(tree, jail, (jailed) => jailed.run([program, ...args]));
  const what =
    rule.from === 'pep440' ? "The project's Python metadata has no version" : `The version script ${program} failed`;
  const { stdout } = requireSuccess(result, what);
  const version = stdout.trim().split('\n').at(-1)?.trim() ?? '';
  if (version === '' || version.length > LONGEST)
    throw new TrunklineError(
      'source_invalid',
      version === '' ? `${what}: it printed nothing` : `${what}: its last line has ${version.length} characters`,
      { hint: 'it must print the version as its last line; or set version.from to tags' },
    );
  return version;
}

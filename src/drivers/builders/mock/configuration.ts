import { pathToFileURL } from 'node:url';
import { isAbsolute } from 'node:path';
import { TrunklineError } from '../../../lib/index.ts';
import type { LocalRepository, RpmBaseRepository, Target } from '../../../model/index.ts';
import type { Slot, SlotKind } from './slots.ts';

export interface ConfigurationOptions {
  target: Target;
  slot: Slot;
  /** Our snapshot, or null for none. */
  repository: LocalRepository | null;
  /** Whether mock's overlayfs plugin is used. */
  overlay: boolean;
  /** Whether zstd is there to compress the root cache. */
  zstd: boolean;
  /** Whether build requirements need not be read again once they are installed. Default false. */
  staticRequirements?: boolean;
}

/**
 * The configuration of one run of mock, in mock's own form (a Python program, mock(1)): the target's own configuration or one made from its base
 * repositories, then the paths of the slot, the plugins that cost time without adding to the result switched off, and our snapshot as a repository that
 * outranks the others (DESIGN 11).
 * @throws TrunklineError `config_invalid` for a value that cannot stand in such a file.
 */
export function mockConfiguration(options: ConfigurationOptions): string {
  const { target, slot } = options;
  const setup = setupPackages(target, slot.kind);
  return [
    target.mockConfig === null ? fromBaseRepositories(target) : included(target.mockConfig),
    ...(setup.length === 0 ? [] : [option('chroot_setup_cmd', ['install', ...setup])]),
    option('root', slot.rootName),
    option('basedir', slot.basedir),
    option('cache_topdir', slot.cache),
    option('isolation', 'simple'),
    // mock mounts an overlay anew for the SRPM and for the build, and wants it clean in between.
    option('cleanup_on_success', true),
    option('cleanup_on_failure', true),
    // What is in a prepared root is refreshed by `prepare`, for all builds alike.
    option('update_before_build', false),
    option('print_main_output', false),
    option('dnf_warning', false),
    // mock stops reading both of a program's outputs at the end of either, and puts rpmbuild's command line into bash: joined, no last words are lost.
    `config_opts['rpmbuild_command'] = '2>&1 ' + config_opts['rpmbuild_command']`,
    option('rpmbuild_networking', false),
    ...(options.staticRequirements === true ? [option('static_buildrequires_max_loops', 1)] : []),
    ...(slot.kind === 'install' ? STRICT_INSTALL : []),
    ...(target.dist === '' ? [] : [`config_opts['macros']['%dist'] = ${python(target.dist)}`]),
    ...plugins(options),
    ...(options.repository === null ? [] : snapshot(options.repository)),
    '',
  ].join('\n');
}

/** Without mock's usual `--allowerasing`: a package that only installs by removing others does not install. */
const STRICT_INSTALL = ['dnf4', 'dnf5', 'yum'].map((tool) =>
  option(`${tool}_common_opts`, tool === 'yum' ? [] : ['--setopt=deltarpm=False', '--setopt=allow_vendor_change=yes']),
);

/** What dnf installs into an empty root. Empty: what the target's own mock configuration says. */
function setupPackages(target: Target, kind: SlotKind): readonly string[] {
  if (kind === 'install' && target.installPackages.length > 0) return target.installPackages;
  return target.mockConfig === null ? target.buildPackages : [];
}

function included(name: string): string {
  // mock takes what stands in the parentheses as a Python expression and looks below its own configuration directory.
  const file = isAbsolute(name) || name.endsWith('.cfg') ? name : `${name}.cfg`;
  return `include(${python(file)})`;
}

function fromBaseRepositories(target: Target): string {
  const repositories = target.baseRepositories.filter((repository) => repository.kind === 'rpm');
  if (repositories.length === 0 || target.buildPackages.length === 0)
    throw new TrunklineError('config_invalid', `Target ${target.name} has nothing to make a mock root from`, {
      hint: 'give it base_repositories and build_packages, or mock_config',
    });
  return [
    option('target_arch', target.arch),
    `config_opts['legal_host_arches'] = (${legalHosts(target.arch).map(python).join(', ')},)`,
    option('use_bootstrap', false),
    option('package_manager', 'dnf'),
    `config_opts['dnf.conf'] = ${python([dnfMain(), ...repositories.map(baseSection)].join('\n'))}`,
  ].join('\n');
}

/** What a build for `arch` may run on, as uname says it. */
function legalHosts(arch: string): string[] {
  if (/^i[3-6]86$/.test(arch)) return ['i386', 'i486', 'i586', 'i686', 'x86_64'];
  return [arch];
}

function dnfMain(): string {
  return [
    '[main]',
    'assumeyes=1',
    'best=1',
    'install_weak_deps=0',
    'keepcache=1',
    'obsoletes=1',
    'gpgcheck=0',
    'reposdir=/dev/null',
    'protected_packages=',
    '',
  ].join('\n');
}

function baseSection(repository: RpmBaseRepository): string {
  const local = repository.baseurl.some((url) => url.startsWith('file:') || url.startsWith('/'));
  return section(repository.id, {
    name: repository.id,
    baseurl: repository.baseurl.join(' '),
    metalink: repository.metalink ?? '',
    mirrorlist: repository.mirrorlist ?? '',
    gpgcheck: repository.gpgkey.length > 0 ? '1' : '0',
    gpgkey: repository.gpgkey.map(keyAddress).join(' '),
    priority: String(repository.priority),
    // A local repository costs nothing to look at again; a mirror is asked once in an hour.
    metadata_expire: local ? '1' : '3600',
    skip_if_unavailable: '0',
  });
}

function keyAddress(key: string): string {
  return isAbsolute(key) ? pathToFileURL(key).href : key;
}

function snapshot(repository: LocalRepository): string[] {
  const text = section('trunkline', {
    name: 'trunkline',
    baseurl: directoryAddress(repository.path),
    gpgcheck: '0',
    priority: '1',
    module_hotfixes: '1',
    // A snapshot never changes, and the next one has another address.
    metadata_expire: 'never',
    skip_if_unavailable: '0',
  });
  const binds = [repository.path, ...repository.also].map((path) => `(${python(path)}, ${python(path)})`);
  return [
    `config_opts['dnf.conf'] += ${python(`\n${text}`)}`,
    // A bootstrap root has a dnf of its own, which sees our files only where they are mounted.
    `if config_opts['use_bootstrap']:`,
    `    config_opts['plugin_conf']['bind_mount_opts']['dirs'] += [${binds.join(', ')}]`,
    `    config_opts['plugin_conf']['bind_mount_opts']['create_dirs'] = True`,
  ];
}

/** `$` begins a variable in dnf's files. */
function directoryAddress(path: string): string {
  return pathToFileURL(path).href.replaceAll('$', '%24');
}

function section(id: string, values: Readonly<Record<string, string>>): string {
  const lines = Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}`);
  const text = [`[${id}]`, ...lines, ''];
  if (text.some((line) => /[\n\r]/.test(line)) || /[\][]/.test(id))
    throw new TrunklineError(
      'config_invalid',
      `Base repository ${JSON.stringify(id)} has a line break or a bracket in it`,
    );
  return text.join('\n');
}

function plugins({ overlay, slot, zstd }: ConfigurationOptions): string[] {
  const conf = (name: string, value: PythonValue) => `config_opts['plugin_conf'][${python(name)}] = ${python(value)}`;
  const cache = (name: string, value: PythonValue) =>
    `config_opts['plugin_conf']['root_cache_opts'][${python(name)}] = ${python(value)}`;
  return [
    conf('hw_info_enable', false),
    conf('ccache_enable', false),
    conf('tmpfs_enable', false),
    conf('lvm_root_enable', false),
    conf('package_state_enable', true),
    `config_opts['plugin_conf']['package_state_opts'] = {'available_pkgs': False, 'installed_pkgs': True}`,
    // With overlays too: it fills a further slot in seconds, where dnf takes as long as for the first.
    conf('root_cache_enable', true),
    cache('dir', slot.rootCache),
    cache('max_age_days', 100_000),
    ...(zstd ? [cache('compress_program', 'zstd'), cache('extension', '.zst')] : []),
    ...(overlay
      ? [
          conf('overlayfs_enable', true),
          `config_opts['plugin_conf']['overlayfs_opts'] = {'base_dir': ${python(slot.overlay)}}`,
        ]
      : []),
    FORGET_UNUSED,
  ];
}

/** mock expands the templates in every plugin's options again and again; those of a plugin that is off are never read. */
const FORGET_UNUSED = [
  `for unused in [key for key in config_opts['plugin_conf'] if key.endswith('_opts')]:`,
  `    if not config_opts['plugin_conf'].get(unused[:-5] + '_enable'): del config_opts['plugin_conf'][unused]`,
].join('\n');

type PythonValue = string | boolean | number | readonly string[];

function option(name: string, value: PythonValue): string {
  return `config_opts[${python(name)}] = ${python(value)}`;
}

/**
 * A value as a Python literal. mock expands Jinja templates in strings later, and reads `include(…)` at the beginning of any line.
 * @throws TrunklineError `config_invalid` for text that would be a template, or with control characters.
 */
export function python(value: PythonValue): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return `[${value.map((entry) => python(entry)).join(', ')}]`;
  if (/\{\{|\{%|\{#|(?!\n)\p{Cc}/u.test(value))
    throw new TrunklineError('config_invalid', `${JSON.stringify(value)} cannot stand in a mock configuration`);
  return `'${value.replace(/['\\\n]|[^\x20-\x7e]/gu, pythonCharacter)}'`;
}

function pythonCharacter(character: string): string {
  if (character === "'" || character === '\\') return `\\${character}`;
  if (character === '\n') return '\\n';
  const code = character.codePointAt(0) ?? 0;
  return code < 0x7f ? character : `\\U${code.toString(16).padStart(8, '0')}`;
}

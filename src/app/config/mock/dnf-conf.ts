import type { RpmBaseRepository } from '../../../model/index.ts';
import { keyRule, repositoryIdRule, repositoryUrlRule, type Rule } from '../schema/rules.ts';
import { unknownIn } from './values.ts';

type Section = Map<string, string>;

/** The sections of a dnf configuration: `[name]`, `key = value`, and indented lines that go on with the value before. */
function readSections(text: string): Map<string, Section> {
  const sections = new Map<string, Section>();
  let section: Section = new Map();
  let key: string | undefined;
  for (const line of text.split('\n')) {
    if (/^\s*[#;]/.test(line)) continue;
    if (line.trim() === '') {
      key = undefined;
      continue;
    }
    const header = /^\[(.+)\]\s*$/.exec(line);
    const pair = /^([^\s=][^=]*?)\s*=\s*(.*)$/.exec(line);
    if (header) {
      section = sections.get(header[1] ?? '') ?? new Map<string, string>();
      sections.set(header[1] ?? '', section);
      key = undefined;
    } else if (/^\s/.test(line) && key !== undefined) section.set(key, `${section.get(key) ?? ''}\n${line.trim()}`);
    else if (pair) {
      key = pair[1] ?? '';
      section.set(key, (pair[2] ?? '').trim());
    }
  }
  return sections;
}

const isOff = (value: string | undefined) => ['0', 'false', 'no', 'off'].includes((value ?? '').trim().toLowerCase());
const isOn = (value: string | undefined) => ['1', 'true', 'yes', 'on'].includes((value ?? '').trim().toLowerCase());
/** dnf's lists are parted by blanks or commas; an address may have a comma in it. */
const words = (value: string | undefined) =>
  (value ?? '').split(/\s*,?\s+|,(?=[a-z]+:\/\/)/).filter((word) => word !== '');

/**
 * The enabled repositories of a dnf configuration, dnf's variables still in them.
 * @throws Error saying what is wrong with which repository.
 */
export function readRepositories(text: string): RpmBaseRepository[] {
  const sections = readSections(text);
  const gpgcheckDefault = sections.get('main')?.get('gpgcheck');
  return [...sections]
    .filter(([id, section]) => id !== 'main' && !isOff(section.get('enabled')))
    .map(([id, section]) => readRepository(id, section, section.get('gpgcheck') ?? gpgcheckDefault));
}

function readRepository(id: string, section: Section, gpgcheck: string | undefined): RpmBaseRepository {
  const problem = (what: string) => new Error(`its repository [${id}] cannot be taken over: ${what}`);
  for (const key of ['baseurl', 'metalink', 'mirrorlist', 'gpgkey', 'priority']) {
    const unknown = unknownIn(section.get(key) ?? '');
    if (unknown !== undefined) throw problem(`its ${key} needs ${unknown}, which the configuration does not set`);
  }
  const checked = (key: string, rule: Rule) =>
    words(section.get(key)).map((value) => {
      const refusal = rule(value);
      if (refusal) throw problem(`${key}: ${refusal.what}`);
      return value;
    });
  const refusal = repositoryIdRule(id);
  if (refusal) throw problem(refusal.what);
  const gpgkey = checked('gpgkey', keyRule);
  if (isOn(gpgcheck) && gpgkey.length === 0) throw problem('it has gpgcheck=1 and no gpgkey');
  const repository: RpmBaseRepository = {
    kind: 'rpm',
    id,
    baseurl: checked('baseurl', repositoryUrlRule),
    metalink: checked('metalink', repositoryUrlRule)[0] ?? null,
    mirrorlist: checked('mirrorlist', repositoryUrlRule)[0] ?? null,
    gpgkey: isOn(gpgcheck) ? gpgkey : [],
    priority: Math.min(99, Math.max(2, Number.parseInt(section.get('priority') ?? '99', 10) || 99)),
  };
  if (repository.baseurl.length === 0 && repository.metalink === null && repository.mirrorlist === null)
    throw problem('it has no baseurl, metalink or mirrorlist');
  return repository;
}

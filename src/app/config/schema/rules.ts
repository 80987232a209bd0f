/** What is wrong with a value and what to do: the refusals of one kind of text. `undefined`: nothing is wrong. */
export interface Refusal {
  what: string;
  remedy: string;
}
export type Rule = (value: string) => Refusal | undefined;

/** Project, target and component names become directory names and parts of addresses. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;
const LONGEST_NAME = 100;

const refuse = (what: string, remedy: string): Refusal => ({ what, remedy });
// eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const CONTROL_OR_SPACE = /[\u0000-\u0020\u007f]/;
// eslint-disable-next-line no-control-regex -- as above
const CONTROL = /[\u0000-\u001f\u007f]/;

/** `value` as it can be shown in a message: quoted, control characters escaped, cut. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}…` : value);
}

export const nameRule: Rule = (value) => {
  if (value.length > LONGEST_NAME)
    return refuse(`the name is ${value.length} characters long`, `use at most ${LONGEST_NAME}`);
  if (NAME_PATTERN.test(value)) return undefined;
  return refuse(
    `${quoted(value)} cannot be a name, because names become directories`,
    'start with a letter or digit and go on with letters, digits and . _ + -',
  );
};

/** What `trunkline ref set` takes as a ref's name. */
export const refNameRule: Rule = (value) =>
  /^[a-z][a-z0-9._-]{0,99}$/.test(value)
    ? undefined
    : refuse(
        `${quoted(value)} cannot be the name of a ref`,
        'start with a lower-case letter and go on with lower-case letters, digits and . _ -',
      );

/** A ref's name, or one with `*` for any characters. */
export const refPatternRule: Rule = (value) =>
  /^[a-z*][a-z0-9._*-]{0,99}$/.test(value)
    ? undefined
    : refuse(
        `${quoted(value)} is no ref and no pattern of refs`,
        'write a name, or one with * for any characters: rc*',
      );

const GIT_SCHEMES = ['https:', 'http:', 'ssh:', 'git:', 'file:'];
const SCP_FORM = /^(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9.-]+:(?!:)[^:]/;

/** Addresses git may fetch from: no transport helper (`ext::` runs a program) and nothing git would read as an option. */
export const gitUrlRule: Rule = (value) => {
  const remedy = 'write https://host/path, ssh://user@host/path, user@host:path, file:///path or an absolute path';
  if (value === '') return refuse('the repository address is empty', remedy);
  if (value.startsWith('-')) return refuse(`${quoted(value)} would be read by git as an option`, remedy);
  if (CONTROL_OR_SPACE.test(value)) return refuse(`${quoted(value)} has a space or control character in it`, remedy);
  if (/^[A-Za-z0-9+.-]+::/.test(value))
    return refuse(`${quoted(value)} names a git transport helper, which runs a program`, remedy);
  if (value.startsWith('/')) return undefined;
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(value)) return gitSchemeRule(value, remedy);
  return SCP_FORM.test(value) ? undefined : refuse(`${quoted(value)} is no address of a git repository`, remedy);
};

function gitSchemeRule(value: string, remedy: string): Refusal | undefined {
  if (!URL.canParse(value)) return refuse(`${quoted(value)} is no address of a git repository`, remedy);
  const url = new URL(value);
  if (!GIT_SCHEMES.includes(url.protocol)) return refuse(`git cannot fetch from ${quoted(url.protocol)}`, remedy);
  // ssh would read such a host or user as an option.
  if (url.hostname.startsWith('-') || url.username.startsWith('-') || value.startsWith('ssh://-'))
    return refuse(`${quoted(value)} would be read by ssh as an option`, remedy);
  return undefined;
}

/** What `git check-ref-format --branch` accepts, for a branch, with `HEAD` for the remote's default branch. */
export const branchRule: Rule = (value) => {
  const bad =
    value === '' ||
    value.startsWith('-') ||
    CONTROL_OR_SPACE.test(value) ||
    /[~^:?*[\\]|\.\.|@\{|\/\/|\.$|\/$/.test(value) ||
    value === '@' ||
    value.split('/').some((part) => part === '' || part.startsWith('.') || part.endsWith('.lock'));
  return bad
    ? refuse(`${quoted(value)} is no branch name git accepts`, 'write the branch as `git branch` shows it')
    : undefined;
};

/** A directory inside a repository: relative, without steps upwards, not git's own. */
export const insidePathRule: Rule = (value) => {
  if (value === '') return undefined;
  const parts = value.split('/');
  const bad =
    CONTROL.test(value) || parts.some((part) => ['', '.', '..', '.git'].includes(part)) || value.startsWith('-');
  return bad
    ? refuse(`${quoted(value)} is no directory inside the repository`, 'write it relative to the top, as packaging/rpm')
    : undefined;
};

export const labelRule: Rule = (value) =>
  /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/.test(value)
    ? undefined
    : refuse(`${quoted(value)} is no label`, 'use letters, digits, dots, hyphens and underscores');

export const mailAddressRule: Rule = (value) => {
  const remedy = 'write one plain address, as name@example.org';
  if (!value.includes('@')) return refuse(`${quoted(value)} has no @`, remedy);
  return /^[^\s@<>,;:"()]+@[^\s@<>,;:"()]+$/u.test(value) && !CONTROL.test(value)
    ? undefined
    : refuse(`${quoted(value)} is no mail address`, remedy);
};

/** Where packages are fetched from. It is put into dnf's and apt's files, so nothing that would end a line or an option there. */
export const repositoryUrlRule: Rule = (value) => {
  const remedy = 'write http://…, https://…, file:///… or an absolute path';
  if (CONTROL_OR_SPACE.test(value) || /[[\]"'\\]/.test(value))
    return refuse(`${quoted(value)} has a character in it that an address cannot have`, remedy);
  return value.startsWith('/') || /^(https?:\/\/[^/]+|file:\/\/\/)/.test(value)
    ? undefined
    : refuse(`${quoted(value)} is no address of a package repository`, remedy);
};

export const keyRule: Rule = (value) =>
  !CONTROL_OR_SPACE.test(value) && /^(\/|file:\/\/\/|https?:\/\/[^/])/.test(value)
    ? undefined
    : refuse(`${quoted(value)} is no address of a key`, 'write an absolute path, file:///… or https://…');

export const absolutePathRule: Rule = (value) =>
  value.startsWith('/') && !CONTROL_OR_SPACE.test(value)
    ? undefined
    : refuse(`${quoted(value)} is no absolute path`, 'write it from /');

/** A whole fingerprint: shorter key ids can be forged. */
export const fingerprintRule: Rule = (value) =>
  /^([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$/.test(value.replaceAll(' ', ''))
    ? undefined
    : refuse(
        `${quoted(value)} is no fingerprint of a key`,
        'write all 40 (or 64) digits, as gpg --list-keys shows them; in quotes',
      );

/** A path, or a word of a command line: one line, not empty. */
export const lineRule: Rule = (value) =>
  value !== '' && !CONTROL.test(value)
    ? undefined
    : refuse(value === '' ? 'this is empty' : `${quoted(value)} has a control character in it`, 'write a path');

/** One word in an apt source; `./` is the suite of a flat repository. */
export const wordRule: Rule = (value) =>
  value === './' || (/^[A-Za-z0-9][A-Za-z0-9._:+~/-]*$/.test(value) && !value.split('/').includes('..'))
    ? undefined
    : refuse(`${quoted(value)} has a character in it that cannot stand here`, 'use letters, digits and . _ : + ~ / -');

/** A component of our own: it becomes a directory of the index, a word in client files, and has to match the Sections of packages (Debian Policy 2.4). */
export const componentRule: Rule = (value) =>
  /^[a-z0-9][a-z0-9.+-]{0,63}$/.test(value)
    ? undefined
    : refuse(
        `${quoted(value)} is no component`,
        'write what stands before the slash in a Section, as main or non-free-firmware',
      );

export const repositoryIdRule: Rule = (value) =>
  /^[A-Za-z0-9][A-Za-z0-9._:+-]*$/.test(value)
    ? undefined
    : refuse(`${quoted(value)} is no repository id`, 'use letters, digits and . _ : + -');

/** A package, a group (`@build`) or, as mock's configurations have them, a file. Never what dnf or apt would read as an option. */
export const packageNameRule: Rule = (value) =>
  /^[@/]?[A-Za-z0-9][A-Za-z0-9._+:~()/-]*$/.test(value)
    ? undefined
    : refuse(`${quoted(value)} is no package name`, 'write the name as dnf or apt takes it; one name an item');

export const archRule: Rule = (value) =>
  /^[a-z0-9][a-z0-9_-]*$/.test(value)
    ? undefined
    : refuse(`${quoted(value)} is no architecture`, 'write the format’s own word: x86_64, aarch64; amd64, arm64');

export const distRule: Rule = (value) =>
  value === '' || /^\.[A-Za-z0-9][A-Za-z0-9._]*$/.test(value)
    ? undefined
    : refuse(`${quoted(value)} is no dist tag`, 'write it with its dot, as .fc43');

/** A regular expression with exactly one group: which part of a tag is the version. */
export const tagPatternRule: Rule = (value) => {
  const remedy = 'write a JavaScript regular expression with one group, as ^release-(.+)$';
  try {
    const groups = (new RegExp(`${value}|`).exec('')?.length ?? 1) - 1;
    return groups === 1 ? undefined : refuse(`the pattern has ${groups} groups and needs exactly one`, remedy);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : 'this is no regular expression', remedy);
  }
};

export const baseUrlRule: Rule = (value) =>
  !CONTROL_OR_SPACE.test(value) && URL.canParse(value) && /^(https?:\/\/[^/]|file:\/\/\/)/.test(value)
    ? undefined
    : refuse(`${quoted(value)} is no web address`, 'write https://host/path, or file:///path');

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { errnoOf, registerSecret } from '../../lib/index.ts';
import type { Report } from './report.ts';
import type { Path } from './yaml.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SecretSource {
  environment: Environment;
  /** Directory that relative paths start at. */
  directory: string;
  report: Report;
}

/** Names of variables that hold a secret, as people call them. */
const SECRET_NAME =
  /(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS)(?:_KEY)?$/;

/** Registers what is secret by its name in the environment, so that it is redacted everywhere. Short words are no secrets, and paths are none. */
export function registerEnvironment(environment: Environment): void {
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && value.length >= 8 && !value.startsWith('/') && SECRET_NAME.test(name))
      registerSecret(value);
}

/** Registers the passwords of all addresses in settings. */
export function registerAddresses(settings: unknown): void {
  if (typeof settings === 'string') {
    for (const [address] of settings.matchAll(/[a-z][a-z0-9+.-]{0,30}:\/\/[^\s]{1,3000}/gi))
      if (address.includes('@') && URL.canParse(address)) registerPassword(new URL(address));
  } else if (typeof settings === 'object' && settings !== null) Object.values(settings).forEach(registerAddresses);
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/**
 * `text` with `${NAME}` replaced from the environment. Inside an address the value is percent-encoded, so that any password does;
 * a text that is one variable and nothing else is taken as it is.
 */
export function fromEnvironment(text: string, path: Path, { environment, report }: SecretSource): string {
  const whole = text.replace(VARIABLE, '') === '';
  const insideAddress = !whole && /^[a-z]+:\/\//i.test(text);
  return text.replace(VARIABLE, (placeholder, name: string) => {
    const value = environment[name];
    if (value !== undefined) return insideAddress ? encodeURIComponent(value) : value;
    report.add(
      path,
      `the environment has no variable ${name}`,
      `set ${name}, or write the value into a file and use a key that ends in _file`,
    );
    return placeholder;
  });
}

/** The value of `key`, or the first line of the file that `<key>_file` names; undefined when neither is there. */
export function secretOrFile(
  section: Readonly<Record<string, unknown>>,
  key: string,
  prefix: Path,
  source: SecretSource,
): { value: string; path: Path } | undefined {
  const [direct, file] = [section[key], section[`${key}_file`]];
  const filePath = [...prefix, `${key}_file`];
  if (typeof direct === 'string' && file !== undefined)
    source.report.add(filePath, `${key} is there as well`, `keep one of ${key} and ${key}_file`, 'key');
  if (typeof direct === 'string') {
    const path = [...prefix, key];
    return { value: fromEnvironment(direct, path, source), path };
  }
  if (typeof file !== 'string') return undefined;
  const value = firstLine(file, key, filePath, source);
  return value === undefined ? undefined : { value, path: filePath };
}

/** The first line of a file that `path` of the configuration names in place of the value of `key`; undefined, and reported, when there is none. */
export function firstLine(file: string, key: string, filePath: Path, source: SecretSource): string | undefined {
  const where = resolve(source.directory, file);
  try {
    const value = (readFileSync(where, 'utf8').split('\n')[0] ?? '').trim();
    if (value === '') source.report.add(filePath, `${where} is empty`, `write the value of ${key} into its first line`);
    return value === '' ? undefined : value;
  } catch (error) {
    source.report.add(
      filePath,
      `${where} cannot be read: ${errnoOf(error) ?? String(error)}`,
      'correct the path or the file’s permissions',
    );
    return undefined;
  }
}

/** Registers the password of an address, as written and decoded, so that it is redacted everywhere. */
export function registerPassword(address: URL): void {
  registerSecret(address.password);
  try {
    registerSecret(decodeURIComponent(address.password));
  } catch {
    // Not percent-encoded: registered as it is written.
  }
}

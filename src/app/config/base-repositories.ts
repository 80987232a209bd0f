import type { BaseRepository, FormatName } from '../../model/index.ts';
import type { Report } from './report.ts';
import type { BaseRepositoryInput } from './schema/index.ts';
import type { Path } from './yaml.ts';

const RPM_KEYS = ['baseurl', 'metalink', 'mirrorlist', 'gpgkey', 'gpgcheck', 'priority'] as const;
const DEB_KEYS = ['uri', 'suites', 'components', 'signed_by', 'trusted'] as const;

interface Place {
  format: FormatName;
  /** Place in the list, from 0. */
  index: number;
  path: Path;
  report: Report;
}

/** One repository under `base`; undefined when it is not complete, which is reported. */
export function readBaseRepository(input: BaseRepositoryInput, place: Place): BaseRepository | undefined {
  const { format, path, report } = place;
  for (const key of format === 'rpm' ? DEB_KEYS : RPM_KEYS)
    if (input[key] !== undefined)
      report.add(
        [...path, key],
        `${key} belongs to a ${format === 'rpm' ? 'deb' : 'rpm'} repository`,
        `this target’s format is ${format}; remove it`,
        'key',
      );
  return format === 'rpm' ? readRpm(input, place) : readDeb(input, place);
}

/** On this machine, so that nobody between can change what is fetched. */
const isLocal = (address: string) => address.startsWith('/') || address.startsWith('file:');
const asUrl = (address: string) => (address.startsWith('/') ? `file://${address}` : address);

function readRpm(input: BaseRepositoryInput, { path, report }: Place): BaseRepository | undefined {
  const addresses = [...(input.baseurl ?? []), input.metalink, input.mirrorlist].filter(
    (address) => address !== undefined,
  );
  const gpgkey = input.gpgkey ?? [];
  if (input.id === undefined) report.add(path, 'the repository has no id', 'add id, as id: fedora');
  if (addresses.length === 0) report.add(path, 'the repository has no address', 'add baseurl, metalink or mirrorlist');
  else if (gpgkey.length === 0 && input.gpgcheck !== false && !addresses.every(isLocal))
    report.add(
      path,
      'the repository has no gpgkey, so its packages cannot be checked',
      'add gpgkey, or gpgcheck: false to take them unchecked',
    );
  if (gpgkey.length === 0 && input.gpgcheck === true)
    report.add([...path, 'gpgcheck'], 'there is no gpgkey to check with', 'add gpgkey, or remove gpgcheck', 'key');
  if (input.id === undefined || addresses.length === 0) return undefined;
  return {
    kind: 'rpm',
    id: input.id,
    baseurl: (input.baseurl ?? []).map(asUrl),
    metalink: input.metalink === undefined ? null : asUrl(input.metalink),
    mirrorlist: input.mirrorlist === undefined ? null : asUrl(input.mirrorlist),
    gpgkey: input.gpgcheck === false ? [] : gpgkey.map(asUrl),
    priority: input.priority ?? 99,
  };
}

function readDeb(input: BaseRepositoryInput, { index, path, report }: Place): BaseRepository | undefined {
  if (input.uri === undefined)
    report.add(path, 'the repository has no uri', 'add uri, as uri: http://deb.debian.org/debian');
  if (input.suites === undefined || input.suites.length === 0)
    report.add(path, 'the repository has no suites', 'add suites, as suites: [bookworm]');
  if (input.trusted === true && input.signed_by !== undefined)
    report.add(
      [...path, 'trusted'],
      'trusted: true leaves the keyring of signed_by unused',
      'keep one of the two',
      'key',
    );
  if (input.uri === undefined || input.suites === undefined || input.suites.length === 0) return undefined;
  return {
    kind: 'deb',
    id: input.id ?? `base-${index + 1}`,
    uri: asUrl(input.uri),
    suites: input.suites,
    // A flat repository has no components.
    components: input.components ?? (input.suites.includes('./') ? [] : ['main']),
    signedBy: input.signed_by ?? null,
    trusted: input.trusted ?? false,
  };
}

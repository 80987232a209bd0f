import { availableParallelism, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { DatabaseSettings, MailSettings, Settings } from '../../model/index.ts';
import { check } from './issues.ts';
import { configSchema, generalSchema, type GeneralInput } from './schema/index.ts';
import { readMailTimes } from './mail-times.ts';
import { parseListen } from './schema/server.ts';
import { readSigning } from './signing.ts';
import { readForges, readWebhooks } from './webhooks.ts';
import { fromEnvironment, registerPassword, secretOrFile, type SecretSource } from './secrets.ts';
import type { ConfigText, Path } from './yaml.ts';

export type GeneralSettings = Omit<Settings, 'targets' | 'projects'>;

/** The keys that are neither targets nor projects; undefined when one of them is wrong. */
export function readGeneral(
  section: Record<string, unknown>,
  config: ConfigText,
  source: SecretSource,
): GeneralSettings | undefined {
  const { result, problems } = check(generalSchema, section, config.written, configSchema);
  source.report.addAll(problems, []);
  // Secrets are looked at even when another key is wrong, so that all mistakes come at once.
  const before = source.report.mistakes.length;
  const dataDir = readDirectory('data_dir', section.data_dir ?? '/var/lib/trunkline', source);
  const database = readDatabase(section, dataDir, source);
  const localDir = readLocalDir(section, { dataDir, database }, source);
  const mail = readMail(section.mail, result?.mail, source);
  const signing = readSigning(result?.signing, dataDir, source);
  const forges = readForges(result?.forges ?? {}, source);
  const webhooks = readWebhooks(result?.webhooks ?? [], source);
  if (!result || source.report.mistakes.length > before) return undefined;
  const { source_size: sourceSize, ...limits } = result.limits;
  return {
    file: config.file,
    dataDir,
    localDir,
    baseUrl: result.base_url?.replace(/\/+$/, '') ?? null,
    jobs: result.jobs ?? availableParallelism(),
    maxRetries: result.max_retries,
    database,
    mail,
    protectedRefs: result.protected_refs,
    gc: {
      olderThan: result.gc.older_than,
      keepLast: result.gc.keep_last,
      keepPromotions: result.gc.keep_promotions,
      grace: result.gc.grace,
    },
    materialised: { keepLast: result.materialised.keep_last, grace: result.materialised.grace },
    signing,
    forges,
    webhooks,
    logLevel: result.log_level,
    server: {
      listen: parseListen(result.server.listen) ?? { host: '127.0.0.1', port: 0 },
      trustedProxies: result.server.trusted_proxies,
      pollInterval: result.server.poll_interval,
      backlogLimit: result.server.backlog_limit,
      labels: result.server.labels,
      workerLease: result.server.worker_lease,
      workerAttempts: result.server.worker_attempts,
      workerSlack: result.server.worker_slack,
    },
    limits: { ...limits, sourceSize },
  };
}

function readDirectory(key: string, raw: unknown, source: SecretSource): string {
  const path = [key];
  // What is no text is reported with the other keys.
  const value = fromEnvironment(typeof raw === 'string' ? raw : '.', path, source);
  if (value === '') source.report.add(path, 'the path is empty', 'name a directory');
  if (value.startsWith('~')) source.report.add(path, '~ is not expanded here', 'write ${HOME}/… or an absolute path');
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  if (/[\u0000-\u001f\u007f:]/.test(value))
    source.report.add(
      path,
      'the path has a colon or control character in it',
      'overlayfs and apt cannot take such a path; name another directory',
    );
  return resolve(source.directory, value);
}

/** With SQLite one process has all of the data directory to itself, and that is where it keeps what is its own. */
function readLocalDir(
  section: Record<string, unknown>,
  { dataDir, database }: { dataDir: string; database: DatabaseSettings },
  source: SecretSource,
): string {
  const named = section.local_dir;
  if (database.kind === 'postgres')
    return named === undefined
      ? join(dataDir, 'local', hostname().replace(/[^A-Za-z0-9._-]/g, '-'))
      : readDirectory('local_dir', named, source);
  if (named !== undefined && section.database === undefined && section.database_file === undefined)
    source.report.add(
      ['local_dir'],
      'with SQLite one process has the data directory to itself',
      'remove local_dir, or name a PostgreSQL database',
      'key',
    );
  return dataDir;
}

function readDatabase(section: Record<string, unknown>, dataDir: string, source: SecretSource): DatabaseSettings {
  const fallback: DatabaseSettings = { kind: 'sqlite', path: join(dataDir, 'trunkline.sqlite') };
  const found = secretOrFile(section, 'database', [], source);
  if (!found) return fallback;
  const address = readAddress(
    found.value,
    ['postgres:', 'postgresql:'],
    found.path,
    'postgres://user:password@host/database',
    source,
  );
  if (!address) return fallback;
  registerPassword(address);
  return { kind: 'postgres', url: found.value };
}

function readMail(raw: unknown, input: GeneralInput['mail'], source: SecretSource): MailSettings | null {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return null;
  const section = raw as Record<string, unknown>;
  const found = secretOrFile(section, 'smtp', ['mail'], source);
  if (!found && section.smtp === undefined && section.smtp_file === undefined)
    source.report.add(
      ['mail', 'smtp'],
      'the key smtp is missing',
      'add it, as smtp://localhost:25, or remove mail',
      'key',
    );
  if (!found) return null;
  const example = 'smtp://host:25 or smtps://user:password@host:465';
  const address = readAddress(found.value, ['smtp:', 'smtps:'], found.path, example, source);
  if (!address || !input) return null;
  registerPassword(address);
  const maintainers = readMailTimes(input.maintainers, source);
  return { smtp: found.value, from: input.from, logLines: input.log_lines, maintainers };
}

/** An address of one of these schemes. A wrong one is reported without quoting it: it may hold a password. */
function readAddress(
  value: string,
  schemes: readonly string[],
  path: Path,
  example: string,
  { report }: SecretSource,
): URL | undefined {
  if (value.includes('${')) return undefined;
  const address = URL.canParse(value) ? new URL(value) : undefined;
  // libpq takes a socket directory as ?host=; everything else needs a host.
  const complete = address !== undefined && (address.hostname !== '' || address.searchParams.has('host'));
  if (address && complete && schemes.includes(address.protocol)) return address;
  report.add(
    path,
    `this is no address that starts with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`,
    `write ${example}`,
  );
  return undefined;
}

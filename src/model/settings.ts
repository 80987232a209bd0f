import { TrunklineError } from '../lib/index.ts';
import type { MailTimes } from './mail-times.ts';
import type { Project } from './project.ts';
import type { Limits, Target } from './target.ts';

export type DatabaseSettings =
  | { kind: 'sqlite'; /** Absolute path. */ path: string }
  | { kind: 'postgres'; /** With its password: never print it. */ url: string };

export interface MailSettings {
  /** `smtp://` or `smtps://`, with its password: never print it. */
  smtp: string;
  /** The sender's address. */
  from: string;
  /** Lines of the end of the log that a mail quotes. */
  logLines: number;
  /** Those who have times of their own, by address. */
  maintainers: Readonly<Record<string, MailTimes>>;
}

/** Who signs repositories, and what clients are told to trust. */
export type SigningSettings =
  /** Keys that Trunkline makes and keeps in `directory`. */
  | { kind: 'own'; directory: string }
  | {
      kind: 'gpg';
      /** A GnuPG home. */
      home: string;
      /** Fingerprints, the one that signs first. */
      keys: readonly string[];
      passphraseFile: string | null;
    }
  | { kind: 'command'; command: readonly [string, ...string[]]; /** Absolute path. */ publicKeys: string };

export interface SettingsLimits extends Limits {
  /** Bytes of one upstream tree or source tarball. */
  sourceSize: number;
}

/** What the garbage collector keeps besides what somebody asked for. */
export interface GcSettings {
  /** Seconds: younger snapshots are kept. */
  olderThan: number;
  /** The newest snapshots of each target that are kept. */
  keepLast: number;
  /** The newest promotions of each name whose snapshots are kept. */
  keepPromotions: number;
  /** Seconds between the announcement that something goes and its going. */
  grace: number;
}

/** Which snapshots exist as files besides those that refs, holds or builds need. */
export interface MaterialisedSettings {
  /** The newest of each target. */
  keepLast: number;
  /** Seconds that files stay after they were made or asked for, and after a ref that pointed at them moved away. */
  grace: number;
}

/** A forge that tells of pushes. */
export interface ForgeSettings {
  /** In the address it sends to: `/webhooks/<name>`. */
  name: string;
  /** The driver: `github`, `gitlab`… */
  kind: string;
  /** All that are good now, at least one: never print them. */
  secrets: readonly string[];
  /** Seconds that a delivery's time may be off, where the forge proves one. */
  window: number;
}

/** Somebody who is told of events by HTTP. */
export interface WebhookSettings {
  name: string;
  /** May have a secret in its path: never print it whole. */
  url: string;
  /** `whsec_…`, at least one; each signs: never print them. */
  secrets: readonly string[];
  /** Kinds of events, as `ref_moved`; empty: all. */
  events: readonly string[];
  /** Whether its address may be one of a private network, or plain HTTP. */
  allowPrivate: boolean;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface ServerSettings {
  /** Where `trunkline serve` listens. Port 0: any that is free. */
  listen: { host: string; port: number };
  /** Addresses and ranges of proxies whose X-Forwarded-For is believed. */
  trustedProxies: readonly string[];
  /** Seconds after which a project's repositories are looked at again. */
  pollInterval: number;
  /** Seconds of work that may wait for a target before only the newest commit of each project is built. */
  backlogLimit: number;
  /** Seconds without a sign of life after which a worker loses its builds. */
  workerLease: number;
  /** What this machine has of the labels that targets ask for. */
  labels: readonly string[];
  /** Attempts that the token of a worker may hold at once, unless it says otherwise itself. */
  workerAttempts: number;
  /** Seconds that a worker may take for an attempt, besides twice the target's `limits.time`. */
  workerSlack: number;
}

/** The configuration file as the rest of the house sees it: checked, defaults filled in, paths absolute, secrets resolved. */
export interface Settings {
  /** Absolute path of the configuration file. */
  file: string;
  dataDir: string;
  /**
   * What is one process's own: lock, scratch, prepared roots, tarballs. `dataDir` itself with SQLite; with PostgreSQL one for each server, and `dataDir`
   * is shared by all of them.
   */
  localDir: string;
  /** What the data directory is served as, without a slash at its end; null when it is not served. */
  baseUrl: string | null;
  /** Builds at once. */
  jobs: number;
  /** Retries of an attempt that ended with `infra_error`. */
  maxRetries: number;
  database: DatabaseSettings;
  /** null: nobody is told by mail. */
  mail: MailSettings | null;
  /** Names of refs that are moved by hand with force only, besides those that follow the trunk. */
  protectedRefs: readonly string[];
  gc: GcSettings;
  materialised: MaterialisedSettings;
  /** null: repositories are not signed. */
  signing: SigningSettings | null;
  /** In the file's order. */
  forges: readonly ForgeSettings[];
  /** In the file's order. */
  webhooks: readonly WebhookSettings[];
  logLevel: LogLevel;
  server: ServerSettings;
  limits: SettingsLimits;
  /** In the file's order. */
  targets: readonly Target[];
  /** In the file's order. */
  projects: readonly Project[];
}

/** @throws TrunklineError `not_found` naming the ones there are. */
export function requireTarget(settings: Settings, name: string): Target {
  const target = settings.targets.find((one) => one.name === name);
  if (target !== undefined) return target;
  throw new TrunklineError('not_found', `There is no target ${name} in the configuration`, {
    where: settings.file,
    hint: `the targets are: ${settings.targets.map((one) => one.name).join(', ')}`,
    publicHint: 'the list of targets names those you may see',
  });
}

/** @throws TrunklineError `not_found`. */
export function requireProject(settings: Settings, name: string): Project {
  const project = settings.projects.find((one) => one.name === name);
  if (project !== undefined) return project;
  throw new TrunklineError('not_found', `There is no project ${name} in the configuration`, {
    where: settings.file,
    hint: 'trunkline status lists the projects',
  });
}

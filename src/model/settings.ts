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
}

export interface SettingsLimits extends Limits {
  /** Bytes of one upstream tree or source tarball. */
  sourceSize: number;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The configuration file as the rest of the house sees it: checked, defaults filled in, paths absolute, secrets resolved. */
export interface Settings {
  /** Absolute path of the configuration file. */
  file: string;
  dataDir: string;
  /** What the data directory is served as, without a slash at its end; null when it is not served. */
  baseUrl: string | null;
  /** Builds at once. */
  jobs: number;
  /** Retries of an attempt that ended with `infra_error`. */
  maxRetries: number;
  database: DatabaseSettings;
  /** null: nobody is told by mail. */
  mail: MailSettings | null;
  logLevel: LogLevel;
  limits: SettingsLimits;
  /** In the file's order. */
  targets: readonly Target[];
  /** In the file's order. */
  projects: readonly Project[];
}

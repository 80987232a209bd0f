import type { SendMailOptions, SentMessageInfo } from 'nodemailer';
import { errnoOf, TrunklineError } from '../../../lib/index.ts';
import type { SmtpServer } from './address.ts';

export interface Timeouts {
  /** Milliseconds to connect, and again until the greeting. */
  connect: number;
  /** Milliseconds of silence in the conversation. */
  silence: number;
}

/** What became of the recipients; at least one was accepted. */
export interface Sent {
  rejected: readonly string[];
}

/** Hands one mail to the server. @throws TrunklineError `notification_failed` saying what the server, or the way to it, refused. */
export async function sendMail(server: SmtpServer, mail: SendMailOptions, timeouts: Timeouts): Promise<Sent> {
  const transport = await transportTo(server, timeouts);
  try {
    const info: SentMessageInfo = await transport.sendMail(mail);
    const rejected: unknown = info.rejected;
    return { rejected: Array.isArray(rejected) ? rejected.map(String) : [] };
  } catch (error) {
    throw failure(error, server);
  } finally {
    transport.close();
  }
}

/** Connects, and logs in where there is a login; hands over nothing. @throws TrunklineError `notification_failed` */
export async function greet(server: SmtpServer, timeouts: Timeouts): Promise<void> {
  const transport = await transportTo(server, timeouts);
  try {
    await transport.verify();
  } catch (error) {
    throw failure(error, server, 'We are not let in');
  } finally {
    transport.close();
  }
}

async function transportTo(server: SmtpServer, timeouts: Timeouts) {
  const { createTransport } = await import('nodemailer');
  const { host, port, implicitTls, requireTls, login } = server;
  return createTransport({
    host,
    port,
    secure: implicitTls,
    requireTLS: requireTls,
    ...(login ? { auth: { user: login.user, pass: login.password } } : {}),
    connectionTimeout: timeouts.connect,
    greetingTimeout: timeouts.connect,
    dnsTimeout: timeouts.connect,
    socketTimeout: timeouts.silence,
    // Nothing in a mail of ours is a file or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

const HINTS: Readonly<Record<string, string>> = {
  EAUTH: 'correct the user and password in mail.smtp',
  EENVELOPE: 'check mail.from and the maintainers’ addresses',
  ETLS: 'use smtps://, or a server with STARTTLS and a certificate this machine trusts (NODE_EXTRA_CA_CERTS)',
};

function failure(error: unknown, { host, port }: SmtpServer, what = 'The mail was not taken'): TrunklineError {
  const code = errnoOf(error) ?? '';
  const words = error instanceof Error ? error.message : String(error);
  const known = HINTS[code] ?? (/certificate|self.signed/i.test(words) ? HINTS.ETLS : undefined);
  return new TrunklineError('notification_failed', `${what} by ${host}:${port}: ${words}`, {
    hint: known ?? 'check mail.smtp and that the server runs; it is tried again later',
    cause: error,
  });
}

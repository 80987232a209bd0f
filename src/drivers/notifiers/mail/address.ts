import { TrunklineError } from '../../../lib/index.ts';

/** Where and how mail is handed over, from an `smtp://` or `smtps://` address. */
export interface SmtpServer {
  host: string;
  port: number;
  /** TLS from the first byte (`smtps://`); otherwise STARTTLS where the server offers it. */
  implicitTls: boolean;
  /** Refuse to go on without TLS: a password is not sent in the clear to another machine. */
  requireTls: boolean;
  login: { user: string; password: string } | null;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/;

/** @throws TrunklineError `config_invalid`, without quoting the address, which may hold a password. */
export function parseSmtpAddress(address: string): SmtpServer {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '')
    throw new TrunklineError('config_invalid', 'mail.smtp is no address of an SMTP server', {
      hint: 'write smtp://host:25 or smtps://user:password@host:465',
    });
  const implicitTls = url.protocol === 'smtps:';
  const login = url.username === '' ? null : { user: decoded(url.username), password: decoded(url.password) };
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? defaultPort(implicitTls, login !== null) : Number(url.port),
    implicitTls,
    requireTls: !implicitTls && login !== null && !LOOPBACK.test(url.hostname),
    login,
  };
}

/** RFC 8314 and RFC 6409: 465 with TLS, 587 to submit with a login, 25 to hand over without. */
function defaultPort(implicitTls: boolean, withLogin: boolean): number {
  if (implicitTls) return 465;
  return withLogin ? 587 : 25;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

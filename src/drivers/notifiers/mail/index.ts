import { TrunklineError } from '../../../lib/index.ts';
import type { Message, Notifier } from '../../../model/index.ts';
import { parseSmtpAddress } from './address.ts';
import { isPlainAddress, messageId, subjectLine } from './headers.ts';
import { greet, sendMail, type Timeouts } from './send.ts';

export interface MailOptions {
  /** `smtp://[user:password@]host[:port]` (STARTTLS where offered) or `smtps://…`. */
  smtp: string;
  /** The sender's address. */
  from: string;
  timeouts?: Timeouts;
  /** Told of recipients that the server refused while it took the mail for others; they are not tried again. */
  onRejected?: (addresses: readonly string[]) => void;
}

const TIMEOUTS: Timeouts = { connect: 10_000, silence: 30_000 };

/**
 * Tells people by mail: plain text, one mail to all recipients. `send` throws `notification_failed` when the server cannot be reached or takes
 * the mail for nobody, and `invalid_argument` for what can never be sent.
 * @throws TrunklineError `config_invalid` for a wrong `smtp` or `from`.
 */
export function createMailNotifier({ smtp, from, timeouts = TIMEOUTS, onRejected }: MailOptions): Notifier {
  const server = parseSmtpAddress(smtp);
  if (!isPlainAddress(from))
    throw new TrunklineError('config_invalid', `${JSON.stringify(from)} is no mail address`, {
      hint: 'correct mail.from',
    });
  return {
    name: 'mail',
    send: async (message) => {
      const { rejected } = await sendMail(server, mailOf(message, from), timeouts);
      if (rejected.length > 0) onRejected?.(rejected);
    },
  };
}

/** Whether the server can be reached and takes our login; nothing is sent. @throws TrunklineError `notification_failed`, `config_invalid`. */
export async function checkMailServer({ smtp }: Pick<MailOptions, 'smtp'>): Promise<void> {
  await greet(parseSmtpAddress(smtp), TIMEOUTS);
}

function mailOf(message: Message, from: string) {
  const wrong = message.to.find((address) => !isPlainAddress(address));
  if (wrong !== undefined || message.to.length === 0)
    throw new TrunklineError(
      'invalid_argument',
      wrong === undefined ? 'A mail without a recipient' : `${JSON.stringify(wrong)} is no mail address`,
      { hint: 'correct the maintainers in the configuration' },
    );
  const address = (text: string) => ({ name: '', address: text });
  return {
    from: address(from),
    to: message.to.map(address),
    subject: subjectLine(message.subject),
    text: message.text.toWellFormed(),
    messageId: messageId(message.id, from),
    headers: {
      // RFC 3834: no vacation replies to a machine, and none from machines that do not know the RFC.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
    },
  };
}

import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { createMailNotifier } from '../../../../src/drivers/notifiers/mail/index.ts';
import type { Message } from '../../../../src/model/index.ts';

interface Delivery {
  from: string;
  to: string[];
  raw: string;
  user: unknown;
  secure: boolean;
}

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A real SMTP server on loopback and what it has been given. */
async function smtpServer(options: SMTPServerOptions = {}): Promise<{ port: number; deliveries: Delivery[] }> {
  const deliveries: Delivery[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        deliveries.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('latin1'),
          user: session.user,
          secure: session.secure,
        });
        callback();
      });
    },
    ...options,
  });
  // A client that goes away in the middle is what some of these tests are about.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  );
  return { port: portOf(server.server), deliveries };
}

function portOf(server: Pick<Server, 'address'>): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

/** Headers by lower-case name, and the text, as a mail program decodes them. */
function parseMail(raw: string): { headers: Map<string, string>; text: string } {
  const [head = '', ...body] = raw.split('\r\n\r\n');
  const headers = new Map<string, string>();
  for (const line of head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const [name = '', ...value] = line.split(': ');
    headers.set(name.toLowerCase(), decodeWords(value.join(': ')));
  }
  const encoded = body.join('\r\n\r\n');
  const encoding = headers.get('content-transfer-encoding');
  const bytes =
    encoding === 'base64'
      ? Buffer.from(encoded, 'base64')
      : Buffer.from(encoding === 'quoted-printable' ? decodeQuoted(encoded) : encoded, 'latin1');
  return { headers, text: bytes.toString('utf8').replaceAll('\r\n', '\n') };
}

const decodeQuoted = (text: string) =>
  text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

function decodeWords(text: string): string {
  return text
    .replace(/(\?=)\s+(=\?)/g, '$1$2')
    .replace(/=\?UTF-8\?([BQ])\?(.*?)\?=/gi, (_, kind: string, word: string) =>
      Buffer.from(
        kind.toUpperCase() === 'B'
          ? Buffer.from(word, 'base64').toString('latin1')
          : decodeQuoted(word.replaceAll('_', ' ')),
        'latin1',
      ).toString('latin1'),
    )
    .replace(/[\u0080-\u00ff]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString('utf8'));
}

const message: Message = {
  to: ['ada@example.org', 'bob@example.org'],
  subject: 'Größe 📦 of greeter',
  text: 'Zeile eins: ünï → 📦\n.\n.leading dot\nFrom the log\n' + 'x'.repeat(2000) + '\n',
  id: 'event 7/é',
};

const from = 'trunkline@packages.example.org';
const quick = { connect: 1500, silence: 1500 };

describe('a mail', () => {
  test('arrives with its text, its recipients and the headers of a machine', async () => {
    const { port, deliveries } = await smtpServer();
    await createMailNotifier({ smtp: `smtp://127.0.0.1:${port}`, from }).send(message);
    expect(deliveries).toHaveLength(1);
    const { headers, text } = parseMail(deliveries[0]?.raw ?? '');
    expect(deliveries[0]).toMatchObject({ from, to: message.to });
    expect(text.trimEnd()).toBe(message.text.trimEnd());
    expect(Object.fromEntries(headers)).toMatchObject({
      from,
      to: 'ada@example.org, bob@example.org',
      subject: message.subject,
      'message-id': '<event=207=2f=c3=a9@packages.example.org>',
      'auto-submitted': 'auto-generated',
      'content-type': 'text/plain; charset=utf-8',
      'mime-version': '1.0',
    });
    expect(deliveries[0]?.raw).toMatch(/^[\r\n\t\u0020-\u007e]*$/);
  });

  test('has the same Message-ID each time it is delivered', async () => {
    const { port, deliveries } = await smtpServer();
    const notifier = createMailNotifier({ smtp: `smtp://127.0.0.1:${port}`, from });
    await notifier.send(message);
    await notifier.send(message);
    await notifier.send({ ...message, id: 'event 8' });
    const ids = deliveries.map(({ raw }) => parseMail(raw).headers.get('message-id'));
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test.each([
    'x\r\nBcc: victim@example.org\r\n\r\nbody',
    'x\nBcc: victim@example.org',
    'x\u2028Bcc: victim@example.org\u0000',
    `${'long '.repeat(5000)}\r\nBcc: victim@example.org`,
  ])('cannot be given another header by its subject', async (subject) => {
    const { port, deliveries } = await smtpServer();
    await createMailNotifier({ smtp: `smtp://127.0.0.1:${port}`, from }).send({
      ...message,
      subject,
      id: `x>\r\nBcc: victim@example.org\r\n<y`,
    });
    const { headers, text } = parseMail(deliveries[0]?.raw ?? '');
    expect(headers.has('bcc')).toBe(false);
    expect(deliveries[0]?.to).toEqual(message.to);
    expect(headers.get('subject')?.length).toBeLessThanOrEqual(400);
    expect(text.trimEnd()).toBe(message.text.trimEnd());
  });

  test.each([['a@b>\r\nRCPT TO:<c@d'], ['a@b, c@d'], ['a@b\nBcc: c@d'], ['nobody'], ['"x" <a@b>'], ['@b'], ['a@']])(
    'is not sent to %j',
    async (address) => {
      const { port, deliveries } = await smtpServer();
      const notifier = createMailNotifier({ smtp: `smtp://127.0.0.1:${port}`, from });
      await expect(notifier.send({ ...message, to: ['ok@example.org', address] })).rejects.toMatchObject({
        code: 'invalid_argument',
      });
      await expect(notifier.send({ ...message, to: [] })).rejects.toMatchObject({ code: 'invalid_argument' });
      expect(deliveries).toEqual([]);
    },
  );

  test('that one recipient is refused for is delivered to the others, and said so', async () => {
    const { port, deliveries } = await smtpServer({
      onRcptTo(address, _session, callback) {
        callback(address.address.startsWith('bob') ? new Error('no such user') : null);
      },
    });
    const rejected: string[] = [];
    const notifier = createMailNotifier({
      smtp: `smtp://127.0.0.1:${port}`,
      from,
      onRejected: (all) => rejected.push(...all),
    });
    await notifier.send(message);
    expect(deliveries[0]?.to).toEqual(['ada@example.org']);
    expect(rejected).toEqual(['bob@example.org']);
    await expect(notifier.send({ ...message, to: ['bob@example.org'] })).rejects.toMatchObject({
      code: 'notification_failed',
    });
  });
});

describe('a login', () => {
  const onAuth: NonNullable<SMTPServerOptions['onAuth']> = ({ username, password }, _session, callback) => {
    if (username === 'me' && password === 'p@ss word') callback(null, { user: username });
    else callback(new Error('wrong password'));
  };
  const server = () => smtpServer({ authOptional: false, allowInsecureAuth: true, onAuth });

  test('is made with the user and password of the address', async () => {
    const { port, deliveries } = await server();
    await createMailNotifier({ smtp: `smtp://me:p%40ss%20word@127.0.0.1:${port}`, from }).send(message);
    expect(deliveries[0]?.user).toBe('me');
  });

  test('that is wrong is said so, without the password', async () => {
    const { port } = await server();
    const error: unknown = await createMailNotifier({ smtp: `smtp://me:wrong-password@127.0.0.1:${port}`, from })
      .send(message)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'notification_failed', hint: 'correct the user and password in mail.smtp' });
    expect((error as Error).message).not.toContain('wrong-password');
  });

  test('is not made in the clear with another machine', async () => {
    const { port, deliveries } = await server();
    // Not loopback by name, though it is by address: what decides is what the address says.
    const error: unknown = await createMailNotifier({
      smtp: `smtp://me:p%40ss%20word@0.0.0.0:${port}`,
      from,
      timeouts: quick,
    })
      .send(message)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'notification_failed' });
    expect(deliveries).toEqual([]);
  });
});

describe('TLS', () => {
  test('is used where the server offers it, and a certificate nobody vouches for is refused', async () => {
    const { port, deliveries } = await smtpServer({ disabledCommands: [] });
    const error: unknown = await createMailNotifier({ smtp: `smtp://127.0.0.1:${port}`, from, timeouts: quick })
      .send(message)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'notification_failed',
      hint: expect.stringContaining('certificate') as string,
    });
    expect(deliveries).toEqual([]);
  });

  test('from the first byte with smtps', async () => {
    const { port } = await smtpServer({ secure: true });
    await expect(
      createMailNotifier({ smtp: `smtps://127.0.0.1:${port}`, from, timeouts: quick }).send(message),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/certificate/) as string,
    });
  });
});

describe('a server that is not there', () => {
  const failing = async (port: number, pattern: RegExp) => {
    const started = performance.now();
    await expect(
      createMailNotifier({ smtp: `smtp://127.0.0.1:${port}`, from, timeouts: quick }).send(message),
    ).rejects.toMatchObject({
      code: 'notification_failed',
      message: expect.stringMatching(pattern) as string,
    });
    expect(performance.now() - started).toBeLessThan(8000);
  };

  /** A server on loopback that answers in no way or a wrong one. */
  async function oddServer(onConnection: (socket: Socket) => void): Promise<number> {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) =>
        server.close(() => {
          resolve();
        }),
      );
    });
    return portOf(server);
  }

  test('throws quickly when nothing listens', async () => {
    const port = await oddServer(() => undefined);
    await closers.pop()?.();
    await failing(port, /^The mail was not taken by 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });

  test('throws quickly when it never greets', async () => {
    await failing(await oddServer(() => undefined), /Greeting never received|timeout/i);
  });

  test('throws quickly when it goes silent in the middle', async () => {
    await failing(await oddServer((socket) => socket.write('220 hello\r\n')), /timeout/i);
  });

  test('throws when it speaks something else, or hangs up', async () => {
    await failing(
      await oddServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
      /Invalid greeting|closed/i,
    );
    await failing(await oddServer((socket) => socket.destroy()), /./);
  });

  test('throws when it refuses the mail', async () => {
    const { port } = await smtpServer({
      onData(stream, _session, callback) {
        stream.resume();
        stream.on('end', () => {
          callback(Object.assign(new Error('mailbox full'), { responseCode: 452 }));
        });
      },
    });
    await failing(port, /452 mailbox full/);
  });
});

test.each([['http://h'], ['smtp://'], ['nonsense'], ['smtp://u:topsecret@']])(
  'the address %j is refused without being quoted',
  (smtp) => {
    expect(() => createMailNotifier({ smtp, from })).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        message: 'mail.smtp is no address of an SMTP server',
      }) as Error,
    );
  },
);

test('a sender that is no address is refused', () => {
  expect(() => createMailNotifier({ smtp: 'smtp://h', from: 'a@b\r\nBcc: c@d' })).toThrow('is no mail address');
});

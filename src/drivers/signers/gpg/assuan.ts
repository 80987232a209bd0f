import { connect, type Socket } from 'node:net';

/** One conversation with gpg-agent in its own protocol (Assuan; "Agent's Assuan Protocol" in GnuPG's manual). */
export interface AgentTalk {
  /** The data that a command answers. @throws Error with the agent's words when it refuses, or asks for something (a passphrase). */
  ask(command: string): Promise<Buffer>;
  close(): void;
}

/** Milliseconds for one answer. */
const PATIENCE = 10_000;

/** @throws Error when no agent answers at the socket */
export async function talkToAgent(path: string): Promise<AgentTalk> {
  const socket = connect(path);
  socket.setTimeout(PATIENCE, () => socket.destroy(new Error('gpg-agent does not answer')));
  const lines = linesOf(socket);
  const answer = async (): Promise<Buffer> => {
    const parts: Buffer[] = [];
    for (;;) {
      const { value: line, done } = await lines.next();
      if (done === true) throw new Error('gpg-agent has ended');
      const word = line.toString('latin1').split(' ', 1)[0];
      if (word === 'OK') return Buffer.concat(parts);
      if (word === 'D') parts.push(unescaped(line.subarray(2)));
      if (word === 'INQUIRE') socket.write('CAN\n');
      if (word === 'ERR') throw new Error(`gpg-agent says ${line.toString('utf8')}`);
    }
  };
  const close = () => {
    socket.destroy();
  };
  try {
    await answer();
  } catch (error) {
    close();
    throw error;
  }
  return {
    ask: (command) => {
      socket.write(`${command}\n`);
      return answer();
    },
    close,
  };
}

async function* linesOf(socket: Socket): AsyncGenerator<Buffer, void> {
  let rest = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      yield rest.subarray(0, end);
      rest = rest.subarray(end + 1);
    }
  }
}

/** Data has percent signs and line breaks as `%25`, `%0A` and `%0D`. */
function unescaped(data: Buffer): Buffer {
  const text = data
    .toString('latin1')
    .replaceAll(/%([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(text, 'latin1');
}

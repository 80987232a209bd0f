import type { Client } from '../api/index.ts';
import type { TrunkContext } from '../builds/index.ts';
import { parseSubject, type RefOrder, type Subject } from '../promotion/index.ts';
import type { Context } from './command.ts';
import { refOrder } from './order.ts';
import type { RefOptions } from './ref-options.ts';
import { onServerOrAlone } from './server.ts';

/** What a command does with the ref that its first argument names: with the database, or by asking the server. */
export interface RefChange<T> {
  alone: (context: TrunkContext, subject: Subject, order: RefOrder) => Promise<T>;
  server: (client: Client, ref: { target: string; ref: string }, how: Pick<RefOrder, 'reason' | 'force'>) => Promise<T>;
}

/** Changes a ref, with the server where one runs. @throws TrunklineError as the change does, `invalid_argument` without a reason */
export async function changeRef<T>(
  { args, settings, options }: Pick<Context<RefOptions>, 'args' | 'settings' | 'options'>,
  { alone, server }: RefChange<T>,
): Promise<T> {
  const read = await settings();
  const subject = parseSubject(read, args[0] ?? '');
  const order = refOrder(options);
  const { reason, force } = order;
  const { done } = await onServerOrAlone<T>(read, options, {
    alone: ({ context }) => alone(context, subject, order),
    server: (client) => server(client, { target: subject.target.name, ref: subject.name }, { reason, force }),
  });
  return done;
}

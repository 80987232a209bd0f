import type { TokenOrder } from '../access/index.ts';
import type { Answer, Client, Routes } from '../api/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { WorkerScope } from '../model/access/index.ts';
import { grantOf } from './access.ts';
import { untilWhen } from './order.ts';

export interface WorkerTokenOrder {
  name: string;
  worker: WorkerScope;
  expiresAt: number | null;
}

interface TokenOptions {
  scope?: string[];
  expires?: string;
  target?: string[];
  label?: string[];
  attempts?: number;
}

/** How long the token of a user is good when nothing is said. */
const DEFAULT_TERM = '90d';

/** The token that `trunkline token create` was asked for. @throws TrunklineError `invalid_argument` */
export function orderOf(
  text: string,
  { scope, expires, target, label, attempts }: TokenOptions,
  now: number,
): TokenOrder | WorkerTokenOrder {
  const [, owner, name] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
  if (owner === undefined || name === undefined)
    throw refused(
      `${JSON.stringify(text.slice(0, 200))} is not written as USER/NAME`,
      'write it as ada/laptop, or worker/NAME',
    );
  const isWorker = owner === 'worker';
  const term = expires ?? (isWorker ? 'never' : DEFAULT_TERM);
  const expiresAt = term === 'never' ? null : untilWhen(term, now, '--expires');
  if (!isWorker) {
    if (target !== undefined || label !== undefined || attempts !== undefined)
      throw refused(
        '--target, --label and --attempts are for the tokens of workers',
        'limit the token of a user with --scope',
      );
    return { user: owner, name, scope: scope?.map(grantOf) ?? null, expiresAt };
  }
  if (scope !== undefined)
    throw refused('--scope is for the tokens of users', 'limit a worker with --target and --label');
  const most = attempts === undefined ? {} : { attempts };
  return { name, worker: { targets: target ?? [], labels: label ?? [], ...most }, expiresAt };
}

/** The token, made by a server. @throws TrunklineError as the server does */
export async function orderedFrom(
  client: Client,
  order: TokenOrder | WorkerTokenOrder,
  why: { reason?: string },
): Promise<Answer<Routes['createToken']>> {
  const { name } = order;
  const expiresAt = order.expiresAt === null ? null : new Date(order.expiresAt).toISOString();
  if (!('worker' in order)) {
    const scope = order.scope === null ? {} : { scope: order.scope.map((grant) => ({ ...grant })) };
    return client.post('createToken', { user: order.user }, { name, expiresAt, ...scope, ...why });
  }
  const [targets, labels] = [[...order.worker.targets], [...order.worker.labels]];
  const { attempts } = order.worker;
  const most = attempts === undefined ? {} : { attempts };
  return client.post('createWorkerToken', {}, { name, targets, labels, ...most, expiresAt, ...why });
}

function refused(what: string, hint: string): TrunklineError {
  return new TrunklineError('invalid_argument', what, { hint });
}

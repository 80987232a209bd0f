import { randomUUID } from 'node:crypto';
import type { CheckedDelivery, CheckOptions, RawDelivery } from '../../../model/index.ts';
import { deliveryId, eventWord, hasStandardSignature, isTimely, isToken, STANDARD_SECRET } from '../proofs.ts';

/**
 * With a signing token `webhook-signature`, in the form of Standard Webhooks, over `webhook-id`, `webhook-timestamp` and the body; else
 * `X-Gitlab-Token`, which is the secret itself (docs.gitlab.com, Webhooks; its merge request 230944). A delivery that brings a signature has to pass
 * by it wherever a signing token is known.
 */
export function check(delivery: RawDelivery, options: CheckOptions): CheckedDelivery {
  const signing = options.secrets.filter((secret) => STANDARD_SECRET.test(secret));
  const tokens = options.secrets.filter((secret) => !STANDARD_SECRET.test(secret));
  const { headers } = delivery;
  if (signing.length > 0 && headers['webhook-signature'] !== undefined)
    return checkSignature(delivery, { ...options, secrets: signing });
  const token = headers['x-gitlab-token'];
  if (token === undefined || token === '' || tokens.length === 0) return { proven: false, refusal: 'unsigned' };
  if (!isToken(token, tokens)) return { proven: false, refusal: 'forged' };
  // Older ones name no delivery: each then is one of its own, for the same body may well be another push.
  const given = headers['idempotency-key'] ?? headers['x-gitlab-event-uuid'];
  const id = deliveryId(given) ?? `unnamed:${randomUUID()}`;
  return { proven: true, id, idProven: true, event: eventWord(headers['x-gitlab-event']), origin: null };
}

function checkSignature({ headers, body }: RawDelivery, options: CheckOptions): CheckedDelivery {
  const id = deliveryId(headers['webhook-id']);
  const timestamp = headers['webhook-timestamp'] ?? '';
  if (id === null || !/^\d{1,12}$/.test(timestamp)) return { proven: false, refusal: 'malformed' };
  const signed = { id, timestamp, signature: headers['webhook-signature'] ?? '' };
  if (!hasStandardSignature(body, signed, options.secrets)) return { proven: false, refusal: 'forged' };
  if (!isTimely(Number(timestamp), options)) return { proven: false, refusal: 'stale' };
  return { proven: true, id, idProven: true, event: eventWord(headers['x-gitlab-event']), origin: null };
}

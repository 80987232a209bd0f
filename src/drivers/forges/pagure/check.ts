import type { CheckedDelivery, CheckOptions, RawDelivery } from '../../../model/index.ts';
import { deliveryId, eventWord, hasHexSignature, isTimely } from '../proofs.ts';
import { messageSchema } from './schema.ts';

/**
 * `X-Pagure-Signature-256`: the hexadecimal HMAC-SHA256 of the body with the project's web-hook key (docs.pagure.org, Using web-hooks). The other
 * headers are not signed and not read: id, time and topic stand in the body.
 */
export function check({ headers, body }: RawDelivery, { secrets, ...options }: CheckOptions): CheckedDelivery {
  const signature = headers['x-pagure-signature-256'];
  if (signature === undefined) return { proven: false, refusal: 'unsigned' };
  if (!hasHexSignature(body, signature, secrets)) return { proven: false, refusal: 'forged' };
  const message = messageOf(body);
  const id = deliveryId(message?.msg_id);
  if (message === null || id === null) return { proven: false, refusal: 'malformed' };
  if (!isTimely(message.timestamp, options)) return { proven: false, refusal: 'stale' };
  return { proven: true, id, idProven: true, event: eventWord(message.topic), origin: null };
}

function messageOf(body: Buffer) {
  try {
    return messageSchema.parse(JSON.parse(body.toString('utf8')));
  } catch {
    return null;
  }
}

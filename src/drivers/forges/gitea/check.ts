import type { CheckedDelivery, CheckOptions, RawDelivery } from '../../../model/index.ts';
import { deliveryId, eventWord, hasHexSignature } from '../proofs.ts';

/**
 * `X-Forgejo-Signature` or `X-Gitea-Signature`: the hexadecimal HMAC-SHA256 of the body (forgejo.org and docs.gitea.com, Webhooks). Forgejo sends
 * both; where its own is there, no other one makes up for it.
 */
export function check({ headers, body }: RawDelivery, { secrets }: CheckOptions): CheckedDelivery {
  const signature = headers['x-forgejo-signature'] ?? headers['x-gitea-signature'];
  // Empty where no secret is set.
  if (signature === undefined || signature === '') return { proven: false, refusal: 'unsigned' };
  if (!hasHexSignature(body, signature, secrets)) return { proven: false, refusal: 'forged' };
  const id = deliveryId(headers['x-forgejo-delivery'] ?? headers['x-gitea-delivery']);
  if (id === null) return { proven: false, refusal: 'malformed' };
  const event = eventWord(headers['x-forgejo-event'] ?? headers['x-gitea-event']);
  return { proven: true, id, idProven: false, event, origin: null };
}

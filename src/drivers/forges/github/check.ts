import type { CheckedDelivery, CheckOptions, RawDelivery } from '../../../model/index.ts';
import { deliveryId, eventWord, hasHexSignature } from '../proofs.ts';

/** `X-Hub-Signature-256: sha256=<hex>` over the body (docs.github.com, Validating webhook deliveries); the SHA-1 one is not looked at. */
export function check({ headers, body }: RawDelivery, { secrets }: CheckOptions): CheckedDelivery {
  const signature = headers['x-hub-signature-256'];
  if (signature === undefined) return { proven: false, refusal: 'unsigned' };
  const [, hex = ''] = /^sha256=(.*)$/.exec(signature) ?? [];
  if (!hasHexSignature(body, hex, secrets)) return { proven: false, refusal: 'forged' };
  const id = deliveryId(headers['x-github-delivery']);
  if (id === null) return { proven: false, refusal: 'malformed' };
  return { proven: true, id, idProven: false, event: eventWord(headers['x-github-event']), origin: null };
}

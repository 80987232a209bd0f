import type { CheckedDelivery, CheckOptions, RawDelivery } from '../../../model/index.ts';
import { idOfBody, isToken } from '../proofs.ts';
import { eventSchema } from './schema.ts';

/**
 * The `webhooks` plugin signs nothing, sends no secret and names no delivery; of headers it sends `X-Origin-Url` alone (its HttpSession and
 * GerritEventProcessor). So a proxy before it has to add `X-Webhook-Token`; without it everything is refused. Events say the second they happened in,
 * so the same body is the same event.
 */
export function check({ headers, body }: RawDelivery, { secrets }: CheckOptions): CheckedDelivery {
  const token = headers['x-webhook-token'];
  if (token === undefined || token === '') return { proven: false, refusal: 'unsigned' };
  if (!isToken(token, secrets)) return { proven: false, refusal: 'forged' };
  const event = eventOf(body);
  if (event === null) return { proven: false, refusal: 'malformed' };
  return { proven: true, id: idOfBody(body), idProven: true, event, origin: originOf(headers['x-origin-url']) };
}

function eventOf(body: Buffer): string | null {
  try {
    return eventSchema.parse(JSON.parse(body.toString('utf8'))).type;
  } catch {
    return null;
  }
}

function originOf(text: string | undefined): string | null {
  return text !== undefined && text.length <= 1000 && URL.canParse(text) ? new URL(text).href : null;
}

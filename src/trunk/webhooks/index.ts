export { affectedProjects, placeOf } from './affected.ts';
export {
  openReceiver,
  type WebhookCount,
  type WebhookOutcome,
  type WebhookReceiver,
  type WebhookSource,
} from './receiver.ts';

import type { TrunkContext } from '../builds/index.ts';
import type { Authenticate } from '../model/access/index.ts';
import type { WebhookReceiver } from '../trunk/index.ts';

/** What routes work with. */
export interface ServerContext {
  trunk: TrunkContext;
  /** Says who asks. */
  authenticate: Authenticate;
  /** Takes in what forges send, and counts it. */
  webhooks: WebhookReceiver;
  /** The program's. */
  version: string;
  /** Aborted when the server is about to stop: streams end. */
  stopping: AbortSignal;
}

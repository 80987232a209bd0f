import { insertOutbox, type Tx } from '../db/index.ts';
import { topicOf, type TrunklineEvent } from './event.ts';

/** Writes an event in the transaction that makes it true: it leaves if, and only if, that is committed. @returns its stable id */
export function emit(tx: Tx, event: TrunklineEvent, now: number): Promise<number> {
  const { kind, ...payload } = event;
  return insertOutbox(tx, { kind, topic: topicOf(event), payload, now });
}

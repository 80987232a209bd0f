/** A message to people. Text only; everything in it that came from outside is already one line or a quoted block. */
export interface Message {
  to: readonly string[];
  subject: string;
  text: string;
  /** Unique and stable per event, so that a second delivery can be told from a second event. */
  id: string;
}

export interface Notifier {
  readonly name: string;
  /** Delivers or throws; a message that throws is tried again later. */
  send(message: Message): Promise<void>;
}

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

/** An event for a program. */
export interface EventMessage {
  /** The same at every try, so that a second delivery can be told from a second event. */
  id: string;
  /** The kind of event, as `ref_moved`. */
  type: string;
  /** When it happened, in milliseconds since the epoch. */
  at: number;
  data: Readonly<Record<string, string | number | boolean | null>>;
}

export interface EventNotifier {
  readonly name: string;
  /** Delivers or throws; an event that throws is tried again later. */
  send(message: EventMessage): Promise<void>;
}

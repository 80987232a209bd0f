/** What a forge can prove of what it sends, as data. */
export interface ForgeCapabilities {
  /**
   * `signature`: a keyed digest over the body. `signature_or_token`: as the secret is. `token`: the secret itself comes along, so whoever reads the
   * request can forge the next one: over TLS only.
   */
  proof: 'signature' | 'signature_or_token' | 'token';
  /** Whether the proof covers the delivery's id. Where it does not, the same body under another id is a replay. */
  provesId: 'always' | 'where_signed' | 'never';
  /** Whether the proof covers a time, so that an old delivery can be told from a new one. */
  provesTime: 'always' | 'where_signed' | 'never';
}

/** A delivery before anything is known of it: hostile. */
export interface RawDelivery {
  /** By name in lower case; one that came several times is undefined. */
  headers: Readonly<Record<string, string | undefined>>;
  /** To the byte. */
  body: Buffer;
}

export interface CheckOptions {
  /** All that are good; several while one takes the place of another. */
  secrets: readonly string[];
  /** Milliseconds since the epoch. */
  now: number;
  /** Milliseconds that a delivery's time may be off, where the forge proves one. */
  window: number;
}

/** A delivery that is the forge's own. */
export interface ProvenDelivery {
  proven: true;
  /** The delivery's name: the same when the forge sends it again. */
  id: string;
  /** Whether a stranger who saw the delivery could have given it this id. */
  idProven: boolean;
  /** The forge's own word for what happened. */
  event: string;
  /** Where the forge says it is, for forges whose bodies do not say it; null otherwise. */
  origin: string | null;
}

/**
 * `unsigned`: it brings no proof. `forged`: its proof is wrong. `stale`: it is right, and too old or too new. `malformed`: it lacks what each of the
 * forge's deliveries has.
 */
export type DeliveryRefusal = 'unsigned' | 'forged' | 'stale' | 'malformed';

export type CheckedDelivery = ProvenDelivery | { proven: false; refusal: DeliveryRefusal };

/** What a delivery tells us to do. */
export type ForgeEvent =
  | {
      kind: 'push';
      /** Addresses of the repository, in all the forms that the forge gives or is known to have. */
      repositories: readonly string[];
      /** `refs/heads/main`; null where the forge does not say. */
      ref: string | null;
    }
  /** Nothing that concerns us. */
  | { kind: 'other' };

/** A place where git repositories live, that tells of what happens to them. */
export interface Forge {
  readonly name: string;
  readonly capabilities: ForgeCapabilities;
  /** Compares in constant time, over the bytes as they came. Reads nothing of a body that is not proven. */
  check(delivery: RawDelivery, options: CheckOptions): CheckedDelivery;
  /** What a proven delivery means. Throws for a body that is not what the forge sends. */
  read(delivery: Pick<ProvenDelivery, 'event' | 'origin'>, body: Buffer): ForgeEvent;
}

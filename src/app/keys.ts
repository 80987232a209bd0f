import { hostname } from 'node:os';
import type { KeyResource } from '../api/index.ts';
import type { TrunkContext } from '../builds/index.ts';
import { listOwnKeys, makeOwnKey, retireOwnKey, type OwnKey } from '../drivers/signers/gpg/index.ts';
import { createSigner } from '../drivers/signers/registry.ts';
import { audit } from '../events/index.ts';
import { TrunklineError } from '../lib/index.ts';
import type { Settings } from '../model/index.ts';
import { showRefs } from '../promotion/index.ts';
import { keyDirectory } from './config/index.ts';

/** A key as people see it. */
export interface KeyView {
  fingerprint: string;
  /** `signs`: the newest. `trusted`: clients are given it too. `retired`: they are not any more. */
  state: 'signs' | 'trusted' | 'retired';
  /** Milliseconds since the epoch; null where it is not known (a key that Trunkline did not make). */
  createdAt: number | null;
  /** Milliseconds since the epoch; null: never. */
  expiresAt: number | null;
  retiredAt: number | null;
}

export interface KeyList {
  /** Who signs: `own` keys, a given one (`gpg`), a `command`; null: nobody. */
  signing: 'own' | 'gpg' | 'command' | null;
  /** The one that signs first, retired ones last. */
  keys: readonly KeyView[];
}

/** The keys that clients are told to trust, and those they were. @throws TrunklineError `signing_failed` when they cannot be read. */
export async function listKeys(settings: Settings): Promise<KeyList> {
  const { signing } = settings;
  if (signing === null) return { signing: null, keys: [] };
  const own = signing.kind === 'own' ? await listOwnKeys(signing.directory) : [];
  const made = (fingerprint: string) => own.find((key) => key.fingerprint === fingerprint)?.createdAt ?? null;
  const published = (await createSigner(signing)?.publicKeys()) ?? [];
  const trusted = published.map(({ fingerprint, expiresAt }, n): KeyView => ({
    ...{ fingerprint, expiresAt, state: n === 0 ? 'signs' : 'trusted' },
    ...{ createdAt: made(fingerprint), retiredAt: null },
  }));
  const retired = own
    .filter((key) => key.retiredAt !== null)
    .map((key): KeyView => ({ ...key, state: 'retired', expiresAt: null }));
  return { signing: signing.kind, keys: [...trusted, ...retired] };
}

/** Makes the first key of a new deployment; one that is there is left as it is. Answers the fingerprint of the one that signs. */
export async function makeFirstKey(dataDir: string): Promise<string> {
  const directory = keyDirectory(dataDir);
  const there = (await listOwnKeys(directory)).find((key) => key.retiredAt === null);
  return (there ?? (await makeOwnKey(directory, userId(), Date.now()))).fingerprint;
}

/** A key as the API and the commands that change it answer it. */
export function describeKey({ fingerprint, createdAt, retiredAt }: OwnKey): KeyResource {
  const iso = (time: number) => new Date(time).toISOString();
  return { fingerprint, createdAt: iso(createdAt), retiredAt: retiredAt === null ? null : iso(retiredAt) };
}

/** Who changes the keys, and why. */
export interface KeyOrder {
  actor: string;
  reason: string | null;
}

/**
 * Makes the next key, which signs from now on; the earlier ones stay trusted. What refs lead to is signed anew, and the keys published, before it answers.
 * @throws TrunklineError `invalid_argument` where the keys are not Trunkline's own, `signing_failed`
 */
export function rotateKey(context: TrunkContext, order: KeyOrder): Promise<OwnKey> {
  const directory = ownDirectory(context.settings, 'name the next key first and the old one after it in signing.key');
  return change(context, order, 'rotate_key', () => makeOwnKey(directory, userId(), context.now()));
}

/**
 * Takes a key out of what clients are told to trust, at once.
 * @throws TrunklineError `not_found`, `invalid_argument` for the key that signs, and as `rotateKey`
 */
export function retireKey(context: TrunkContext, fingerprint: string, order: KeyOrder): Promise<OwnKey> {
  const directory = ownDirectory(context.settings, 'take it out of signing.key');
  const named = fingerprint.replaceAll(' ', '').toUpperCase();
  return change(context, order, 'retire_key', () => retireOwnKey(directory, named, context.now()));
}

/** Servers of one database share the list of keys; whoever signs asks it each time, so that all sign with the new one from then on. */
async function change(
  context: TrunkContext,
  order: KeyOrder,
  action: 'rotate_key' | 'retire_key',
  make: () => Promise<OwnKey>,
): Promise<OwnKey> {
  const { db, mutexes, settings } = context;
  const key = await mutexes.hold('change keys', async () => {
    const made = await make();
    await audit(db, { ...order, action, subject: `key/${made.fingerprint}` }, context.now());
    return made;
  });
  for (const target of settings.targets) await showRefs(context, target);
  return key;
}

function ownDirectory({ signing, file }: Settings, ofGiven: string): string {
  if (signing?.kind === 'own') return signing.directory;
  const [message, hint] =
    signing === null
      ? ['Repositories are not signed', 'add the line "signing: {}" to the configuration']
      : signing.kind === 'gpg'
        ? ['The keys are yours, not Trunkline’s', ofGiven]
        : ['A program signs', `change the key there, and the file ${signing.publicKeys}`];
  throw new TrunklineError('invalid_argument', message, { where: file, hint });
}

/** gpg wants a user id; people see it when dnf asks whether to import the key. */
function userId(): string {
  return `Trunkline repositories of ${hostname().replaceAll(/[^A-Za-z0-9.-]/g, '-')} (${new Date().toISOString().slice(0, 10)})`;
}

import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { checkMailServer } from '../../drivers/notifiers/mail/index.ts';
import { errnoOf } from '../../lib/index.ts';
import type { Settings } from '../../model/index.ts';
import { listKeys } from '../keys.ts';
import { lockHolder } from '../lock/index.ts';
import { checkTargets } from '../open.ts';
import type { Ailment, Found } from './examination.ts';

const GIB = 1024 ** 3;
/** Less than this part of a file system is too little to go on with. */
const SCARCE = 0.05;
/** Bytes that are enough however large the file system is, and that are too few however small. */
const SPACE = { enough: 50 * GIB, least: GIB };
/** Milliseconds before a key expires in which it is said: clients have to be given the next one first. */
const EXPIRES_SOON = 60 * 86_400_000;

/** The data directory: whether it is there and ours, its space, and who holds it. */
export async function checkDataDirectory(settings: Settings): Promise<Found> {
  const { dataDir, localDir, signing } = settings;
  const status = await stat(dataDir).catch((error: unknown) => errnoOf(error) ?? String(error));
  if (typeof status === 'string')
    return [{ what: `${dataDir} cannot be looked at: ${status}`, remedy: 'make it, or correct data_dir' }];
  if (!status.isDirectory()) return [{ what: `${dataDir} is no directory`, remedy: 'choose another data_dir' }];
  const ailments: Ailment[] = [];
  if (!(await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK).then(truly, () => false)))
    ailments.push({ what: `${dataDir} is not writable`, remedy: 'give it to the user that runs trunkline' });
  ailments.push(...openToOthers(dataDir, status.mode, 0o022));
  const keys = signing?.kind === 'own' ? signing.directory : signing?.kind === 'gpg' ? signing.home : null;
  const secret = keys === null ? null : await stat(keys).catch(() => null);
  if (keys !== null && secret !== null) ailments.push(...openToOthers(keys, secret.mode, 0o077));
  if (settings.database.kind === 'sqlite') {
    const database = await stat(settings.database.path).catch(() => null);
    if (database !== null) ailments.push(...openToOthers(settings.database.path, database.mode, 0o022));
  }
  ailments.push(...(await checkSpace(dataDir)));
  const holder = await lockHolder(localDir);
  const where = holder?.url === undefined ? '' : `, at ${holder.url}`;
  const fact = holder && `held by "${holder.command}" (process ${holder.pid} on ${holder.host}${where})`;
  return { fact: fact ?? 'nobody holds it', ailments };
}

const truly = () => true;

function openToOthers(path: string, mode: number, bits: number): Ailment[] {
  if ((mode & bits) === 0) return [];
  const may = bits === 0o077 ? 'read' : 'change';
  return [
    {
      what: `Others than its owner may ${may} ${path} (mode ${(mode & 0o777).toString(8)})`,
      remedy: `chmod ${bits === 0o077 ? 'go=' : 'go-w'} ${path}`,
    },
  ];
}

async function checkSpace(dataDir: string): Promise<Ailment[]> {
  const { bavail, bsize, blocks, ffree, files } = await statfs(dataDir);
  const ailments: Ailment[] = [];
  const free = bavail * bsize;
  if (free < SPACE.least || (free < blocks * bsize * SCARCE && free < SPACE.enough))
    ailments.push({
      what: `${(free / GIB).toFixed(1)} GiB are left on the file system of ${dataDir}`,
      remedy: 'run trunkline gc, or give it more space: a build that finds none has to be done again',
    });
  // Some file systems (btrfs) do not count them.
  if (files > 0 && ffree < files * SCARCE)
    ailments.push({
      what: `${ffree} of ${files} inodes are left on the file system of ${dataDir}`,
      remedy: 'run trunkline gc, or move data_dir to a file system with more inodes',
    });
  return ailments;
}

/** What targets lack on this machine. */
export async function checkBuilders(settings: Settings): Promise<Found> {
  const checks = await checkTargets(settings, []);
  return checks.flatMap(({ target, missing }) =>
    missing.map(({ what, remedy }) => ({ what: `${target}: ${what}`, remedy })),
  );
}

/** Whether repositories can be signed, now and for some time. */
export async function checkKeys(settings: Settings, now: number): Promise<Found> {
  const { signing, keys } = await listKeys(settings);
  if (signing === null) return { fact: 'repositories are not signed', ailments: [] };
  return keys
    .filter(({ state, expiresAt }) => state !== 'retired' && expiresAt !== null && expiresAt < now + EXPIRES_SOON)
    .map(({ fingerprint, state, expiresAt }) => {
      const day = new Date(expiresAt ?? 0).toISOString().slice(0, 10);
      const past = (expiresAt ?? 0) <= now;
      return {
        what: `The key ${fingerprint} (${state}) ${past ? 'expired' : 'expires'} on ${day}`,
        remedy:
          signing === 'own'
            ? 'trunkline key rotate makes the next one; give clients time to get it before this one is retired'
            : 'extend it, or add the next one to signing, while this one is good',
      };
    });
}

/** Whether the mail server can be reached and lets us in; nothing is sent. */
export async function checkMail({ mail }: Settings): Promise<Found> {
  if (mail === null) return { fact: 'nobody is told by mail', ailments: [] };
  await checkMailServer(mail);
  return [];
}

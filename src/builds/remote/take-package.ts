import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PieceAnswer } from '../../api/index.ts';
import { sha256File, TrunklineError } from '../../lib/index.ts';
import { stagedPath } from './account.ts';
import { appendPiece, type Piece } from './pieces.ts';
import type { Session } from './session.ts';

/** Packages, and what source packages consist of. */
const MOST_FILES = 2000;

/**
 * A piece of a package. With its last one it is proved to be what it is called. @throws TrunklineError `package_invalid` when it is not: all of it is
 * dropped; `payload_too_large` beyond what a build for the target may write
 */
export async function takePackage(
  session: Session,
  { sha256, size }: { sha256: string; size: number },
  piece: Piece,
): Promise<PieceAnswer> {
  if (session.staged.has(sha256)) return { offset: size, whole: true, cut: false };
  const whole = stagedPath(session, sha256);
  const path = `${whole}.part`;
  const { disk } = session.progress.target.limits;
  const held = [...session.staged.values()].reduce((sum, one) => sum + one, size);
  if (held > disk || session.staged.size >= MOST_FILES)
    throw new TrunklineError(
      'payload_too_large',
      `The packages are more than ${String(MOST_FILES)}, or ${String(disk)} bytes (limits.disk)`,
    );
  await mkdir(dirname(whole), { recursive: true, mode: 0o755 });
  const others = (await readdir(dirname(whole))).filter((name) => name.endsWith('.part') && name !== `${sha256}.part`);
  // One at a time: what is half here counts too, and nobody needs two halves.
  for (const name of others) await rm(join(dirname(whole), name), { force: true });
  const offset = await appendPiece(path, piece, size);
  if (offset < size) return { offset, whole: false, cut: false };
  if ((await sha256File(path)) !== sha256) {
    await rm(path, { force: true });
    throw new TrunklineError('package_invalid', `What was sent as ${sha256} is something else`, {
      hint: 'send it again from its beginning',
    });
  }
  await rename(path, whole);
  session.staged.set(sha256, size);
  return { offset, whole: true, cut: false };
}

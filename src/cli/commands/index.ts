import type { Command } from '../command.ts';
import { backup } from './backup.ts';
import { builds } from './builds.ts';
import { buildShow } from './build-show.ts';
import { cancel } from './cancel.ts';
import { configCheck } from './config-check.ts';
import { configSchema } from './config-schema.ts';
import { gc } from './gc.ts';
import { demote } from './demote.ts';
import { exportMirror } from './export.ts';
import { doctor } from './doctor.ts';
import { holdAdd } from './hold-add.ts';
import { holdList } from './hold-list.ts';
import { holdRemove } from './hold-remove.ts';
import { init } from './init.ts';
import { keyList } from './key-list.ts';
import { keyRetire } from './key-retire.ts';
import { keyRotate } from './key-rotate.ts';
import { lastGood } from './last-good.ts';
import { lastTested } from './last-tested.ts';
import { log } from './log.ts';
import { pkgList } from './pkg-list.ts';
import { pkgShow } from './pkg-show.ts';
import { pkgUpload } from './pkg-upload.ts';
import { poll } from './poll.ts';
import { pin } from './pin.ts';
import { pins } from './pins.ts';
import { promote } from './promote.ts';
import { promotions } from './promotions.ts';
import { queue } from './queue.ts';
import { recheck } from './recheck.ts';
import { refHistory } from './ref-history.ts';
import { refList } from './ref-list.ts';
import { refRemove } from './ref-remove.ts';
import { refSet } from './ref-set.ts';
import { refUndo } from './ref-undo.ts';
import { repoVerify } from './repo-verify.ts';
import { restore } from './restore.ts';
import { run } from './run.ts';
import { serve } from './serve.ts';
import { snapshotDiff } from './snapshot-diff.ts';
import { snapshotList } from './snapshot-list.ts';
import { snapshotMaterialise } from './snapshot-materialise.ts';
import { snapshotShow } from './snapshot-show.ts';
import { status } from './status.ts';
import { targetCheck } from './target-check.ts';
import { targetPrepare } from './target-prepare.ts';
import { unpin } from './unpin.ts';
import { voteAdd } from './vote-add.ts';
import { voteList } from './vote-list.ts';
import { where } from './where.ts';
import { whyKept } from './why-kept.ts';
import { audit } from './audit.ts';
import { grantAdd } from './grant-add.ts';
import { grantList } from './grant-list.ts';
import { grantRemove } from './grant-remove.ts';
import { teamAdd } from './team-add.ts';
import { teamCreate } from './team-create.ts';
import { teamDelete } from './team-delete.ts';
import { teamList } from './team-list.ts';
import { teamRemove } from './team-remove.ts';
import { tokenCreate } from './token-create.ts';
import { tokenList } from './token-list.ts';
import { tokenRevoke } from './token-revoke.ts';
import { userCreate } from './user-create.ts';
import { userDelete } from './user-delete.ts';
import { userDisable } from './user-disable.ts';
import { userEnable } from './user-enable.ts';
import { userList } from './user-list.ts';
import { userPassword } from './user-password.ts';
import { userShow } from './user-show.ts';
import { worker } from './worker.ts';
import { workers } from './workers.ts';
import { workersDrain } from './workers-drain.ts';
import { workersResume } from './workers-resume.ts';

/** Every command, in the order that help shows them. */
export const COMMANDS: readonly Command[] = [
  init,
  configCheck,
  configSchema,
  targetCheck,
  targetPrepare,
  keyList,
  keyRotate,
  keyRetire,
  run,
  serve,
  worker,
  workers,
  workersDrain,
  workersResume,
  status,
  builds,
  buildShow,
  log,
  poll,
  recheck,
  cancel,
  queue,
  where,
  snapshotList,
  snapshotShow,
  snapshotDiff,
  snapshotMaterialise,
  refList,
  refSet,
  refHistory,
  refUndo,
  refRemove,
  voteAdd,
  voteList,
  lastTested,
  lastGood,
  promote,
  demote,
  promotions,
  holdAdd,
  holdRemove,
  holdList,
  pkgUpload,
  pkgList,
  pkgShow,
  pin,
  unpin,
  pins,
  repoVerify,
  gc,
  whyKept,
  exportMirror,
  doctor,
  backup,
  restore,
  userCreate,
  userList,
  userShow,
  userPassword,
  userDisable,
  userEnable,
  userDelete,
  teamCreate,
  teamAdd,
  teamRemove,
  teamList,
  teamDelete,
  grantAdd,
  grantRemove,
  grantList,
  tokenCreate,
  tokenList,
  tokenRevoke,
  audit,
];

import type { Command } from '../command.ts';
import { builds } from './builds.ts';
import { buildShow } from './build-show.ts';
import { configCheck } from './config-check.ts';
import { configSchema } from './config-schema.ts';
import { gc } from './gc.ts';
import { demote } from './demote.ts';
import { exportMirror } from './export.ts';
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
import { pin } from './pin.ts';
import { pins } from './pins.ts';
import { promote } from './promote.ts';
import { promotions } from './promotions.ts';
import { recheck } from './recheck.ts';
import { refHistory } from './ref-history.ts';
import { refList } from './ref-list.ts';
import { refRemove } from './ref-remove.ts';
import { refSet } from './ref-set.ts';
import { refUndo } from './ref-undo.ts';
import { repoVerify } from './repo-verify.ts';
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
  status,
  builds,
  buildShow,
  log,
  recheck,
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
];

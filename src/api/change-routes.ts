import { z } from 'zod';
import { pageOf, pageQuery } from './paging.ts';
import { buildSchema } from './resources/builds.ts';
import * as of from './resources/changes.ts';
import { collectionBody, collectionSchema } from './resources/collections.ts';
import { name, number, packageWord, refName, snapshotName } from './resources/fields.ts';
import { arrivalSchema, uploadBody, uploadedSchema } from './resources/uploads.ts';
import { refMoveSchema } from './resources/snapshots.ts';

const build = z.object({ build: number() });
const project = z.object({ project: name() });
const ref = z.object({ target: name(), ref: refName() });
const snapshot = z.object({ target: name(), snapshot: snapshotName() });

const suspect = z.object({ target: name(), package: packageWord() });
const upload = z.object({ target: name(), upload: z.uuid() });

const post = { method: 'POST' } as const;
const get = { method: 'GET' } as const;

/** What changes builds, refs, holds and pins. */
export const CHANGE_ROUTES = {
  recheckBuild: {
    ...{ ...post, path: '/builds/:build/recheck', tag: 'builds', params: build, body: of.recheckBody },
    summary: 'Have a build tried again; one that waits or runs is left as it is',
    answer: of.recheckedSchema,
  },
  recheckProject: {
    ...{ ...post, path: '/projects/:project/recheck', tag: 'builds', params: project, body: of.recheckProjectBody },
    summary: 'Have the newest build of a project tried again, on one target or on all of its own',
    answer: z.object({ items: z.array(of.recheckedSchema) }),
  },
  pollProject: {
    ...{ ...post, path: '/projects/:project/poll', tag: 'projects', params: project, body: of.reasonBody },
    summary: 'Have a project’s repositories looked at for new commits now, by whichever server looks at them',
    answer: of.polledSchema,
  },
  drainWorker: {
    ...{ ...post, path: '/workers/drain', tag: 'queue', body: of.workerBody, answer: of.drainedSchema },
    summary: 'Have a worker take nothing new, and end when its builds have',
  },
  resumeWorker: {
    ...{ ...post, path: '/workers/resume', tag: 'queue', body: of.workerBody, answer: of.drainedSchema },
    summary: 'Let a worker take builds again when it is started',
  },
  cancelBuild: {
    ...{ ...post, path: '/builds/:build/cancel', tag: 'builds', params: build, body: of.reasonBody },
    summary: 'Take a build out of the queue, or from its worker; one that is finished is left as it is',
    answer: buildSchema,
  },
  setRef: {
    ...{ ...post, path: '/targets/:target/refs/:ref/moves', tag: 'refs', params: ref, body: of.refSetBody },
    summary: 'Point a ref at a snapshot; a new name makes a ref',
    answer: of.refSetSchema,
  },
  undoRef: {
    ...{ ...post, path: '/targets/:target/refs/:ref/undo', tag: 'refs', params: ref, body: of.refOrderBody },
    summary: 'Point a ref back at where its last move came from',
    answer: refMoveSchema,
  },
  removeRef: {
    ...{ ...post, path: '/targets/:target/refs/:ref/remove', tag: 'refs', params: ref, body: of.refOrderBody },
    summary: 'Take a ref away; its snapshot and its history stay',
    answer: refMoveSchema,
  },
  addHold: {
    ...{ ...post, path: '/targets/:target/snapshots/:snapshot/hold', tag: 'snapshots', params: snapshot },
    ...{ summary: 'Keep a snapshot, in place of the hold it has', body: of.holdBody, answer: of.holdSchema },
  },
  removeHold: {
    ...{ ...post, path: '/targets/:target/snapshots/:snapshot/release', tag: 'snapshots', params: snapshot },
    ...{ summary: 'End the hold of a snapshot', body: of.reasonBody, answer: of.holdSchema },
  },
  materialise: {
    ...{ ...post, path: '/targets/:target/snapshots/:snapshot/materialise', tag: 'snapshots', params: snapshot },
    summary: 'Make the files of an old snapshot again',
    ...{ body: z.object({}), answer: of.materialisedSchema },
  },
  quarantine: {
    ...{ ...post, path: '/targets/:target/packages/:package/quarantine', tag: 'packages', params: suspect },
    summary: 'Have a file of a package read again and, when it is damaged, put aside where no client gets it',
    ...{ body: of.quarantineBody, answer: of.quarantinedSchema },
  },
  rotateKey: {
    ...{ ...post, path: '/keys', tag: 'keys', body: of.reasonBody, answer: of.keySchema },
    summary: 'Make the next signing key; what refs lead to is signed with it before the answer comes',
  },
  retireKey: {
    ...{ ...post, path: '/keys/:key/retire', tag: 'keys', body: of.reasonBody, answer: of.keySchema },
    ...{ params: z.object({ key: of.fingerprint() }), summary: 'Take an older key out of what clients are to trust' },
  },
  startCollection: {
    ...{ ...post, path: '/collections', tag: 'collections', body: collectionBody, answer: collectionSchema },
    summary:
      'Have garbage collected, one collection at a time: it goes on by itself, `getCollection` tells how far it is',
  },
  getCollection: {
    ...{ ...get, path: '/collections/:collection', tag: 'collections', answer: collectionSchema },
    ...{ params: z.object({ collection: number() }), summary: 'How far a collection is, and what came of it' },
  },
  beginUpload: {
    ...{ ...post, path: '/targets/:target/uploads', tag: 'uploads', params: z.object({ target: name() }) },
    summary: 'Announce packages built elsewhere; their bytes come with `sendFile`, within ten minutes each',
    ...{ body: uploadBody, answer: arrivalSchema },
  },
  getUpload: {
    ...{ ...get, path: '/targets/:target/uploads/:upload', tag: 'uploads', params: upload, answer: arrivalSchema },
    summary: 'What is still to be sent: also what a .dsc or .changes names that came',
  },
  publishUpload: {
    ...{ ...post, path: '/targets/:target/uploads/:upload/publish', tag: 'uploads', params: upload },
    summary: 'Check what came, and bring it into the repository; the upload ends, whatever comes of it',
    ...{ body: z.object({}), answer: uploadedSchema },
  },
  abandonUpload: {
    ...{ ...post, path: '/targets/:target/uploads/:upload/abandon', tag: 'uploads', params: upload },
    ...{ summary: 'Throw away what came', body: z.object({}), answer: z.object({}) },
  },
  listPins: {
    ...{ ...get, path: '/pins', tag: 'pins', summary: 'What is pinned, by project and target' },
    query: z.object({ ...pageQuery, project: name().optional(), target: name().optional() }),
    answer: pageOf(of.pinSchema),
  },
  pinProject: {
    ...{ ...post, path: '/projects/:project/pin', tag: 'pins', params: project, body: of.pinBody },
    summary: 'Keep a project at a version that was published, in place of the pin it has',
    answer: of.pinnedSchema,
  },
  unpinProject: {
    ...{ ...post, path: '/projects/:project/unpin', tag: 'pins', params: project, body: of.unpinBody },
    summary: 'Let a project go on',
    answer: of.unpinnedSchema,
  },
} as const;

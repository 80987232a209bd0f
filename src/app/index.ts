export { checkTargets, openForPlanning, openForReading, openForWriting, type TargetCheck, type Trunk } from './open.ts';
export { quarantineDamaged, type Suspect } from './quarantine.ts';
export { verifyRepository, type DamagedPackage, type Verification } from './verify.ts';
export { exportRepositories, type ExportRequest } from './export.ts';
export { deliverEvents } from './events.ts';
export {
  describeKey,
  listKeys,
  makeFirstKey,
  retireKey,
  rotateKey,
  type KeyList,
  type KeyOrder,
  type KeyView,
} from './keys.ts';
export { openWebhooks, webhookService } from './webhooks.ts';

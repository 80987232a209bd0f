export { checkTargets, openForPlanning, openForReading, openForWriting, type TargetCheck, type Trunk } from './open.ts';
export { deliverEvents } from './events.ts';

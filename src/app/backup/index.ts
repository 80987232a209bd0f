export { backUp, type Backup, type BackupRequest } from './backup.ts';
export { filesOf, type DamagedFile } from './packages.ts';
export { restore, type Restored, type RestoreRequest } from './restore.ts';

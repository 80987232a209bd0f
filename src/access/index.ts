export { createAuthenticator } from './authenticate.ts';
export { addressBlock } from './failed-logins.ts';
export type { Change } from './change.ts';
export { requireAccount, requireGiving, requireLogins } from './giving.ts';
export { addGrant, checkGrant, grantsOf, requireGrant, takeGrant, type HolderName } from './grants.ts';
export { withLocalLogin, type LocalLogin } from './local-login.ts';
export { refusal, requireMay } from './refusal.ts';
export { addMember, createTeam, deleteTeam, dismissMember, requireTeam } from './teams.ts';
export {
  createToken,
  createWorkerToken,
  describeGrant,
  endToken,
  findTokenNamed,
  requireToken,
  type MadeToken,
  type TokenOrder,
} from './tokens.ts';
export { createUser, deleteUser, disableUser, enableUser, requireUser, setPassword, type NewUser } from './users.ts';

import { z } from 'zod';
import { pageOf, pageQuery } from './paging.ts';
import * as of from './resources/access.ts';
import { number } from './resources/fields.ts';

const user = z.object({ user: of.accountName() });
const team = z.object({ team: of.accountName() });
const paged = z.object(pageQuery);
const word = () =>
  z
    .string()
    .regex(/^[\x20-\x7e]+$/)
    .max(500);

const tag = 'access';
const get = { method: 'GET', tag, query: paged } as const;
const post = { method: 'POST', tag } as const;
const ofUser = { ...post, params: user, answer: of.userSchema } as const;

/** Users, teams, grants, tokens, and what was done by whom. */
export const ACCESS_ROUTES = {
  listUsers: { ...get, path: '/users', summary: 'Users, by name', answer: pageOf(of.userSchema) },
  createUser: { ...post, path: '/users', summary: 'Make a user', body: of.userBody, answer: of.userSchema },
  setPassword: { ...ofUser, path: '/users/:user/password', summary: 'Set a password', body: of.passwordBody },
  disableUser: {
    ...{ ...ofUser, path: '/users/:user/disable', body: of.whyBody },
    summary: 'Let a user and their tokens in no more',
  },
  enableUser: { ...ofUser, path: '/users/:user/enable', summary: 'Let a user in again', body: of.whyBody },
  deleteUser: {
    ...{ ...ofUser, path: '/users/:user/delete', body: of.whyBody },
    summary: 'Remove a user with their grants and tokens',
  },
  listTeams: { ...get, path: '/teams', summary: 'Teams, by name', answer: pageOf(of.teamSchema) },
  createTeam: { ...post, path: '/teams', summary: 'Make a team', body: of.teamBody, answer: of.teamSchema },
  addMember: {
    ...{ ...post, path: '/teams/:team/members', params: team, body: of.memberBody, answer: of.teamSchema },
    summary: 'Take a user into a team',
  },
  removeMember: {
    ...{ ...post, path: '/teams/:team/dismiss', params: team, body: of.memberBody, answer: of.teamSchema },
    summary: 'Have a user leave a team',
  },
  deleteTeam: {
    ...{ ...post, path: '/teams/:team/delete', params: team, body: of.whyBody, answer: of.teamSchema },
    summary: 'Remove a team with its grants',
  },
  listGrants: {
    ...{ ...get, path: '/grants', answer: pageOf(of.givenGrantSchema) },
    summary: 'What is given to whom, as far as whoever asks may give it',
  },
  addGrant: {
    ...{ ...post, path: '/grants', body: of.grantBody, answer: of.givenGrantSchema },
    summary: 'Give a role, everywhere or within limits',
  },
  removeGrant: {
    ...{ ...post, path: '/grants/:grant/remove', params: z.object({ grant: number() }), body: of.whyBody },
    ...{ summary: 'Take a grant away', answer: of.givenGrantSchema },
  },
  listTokens: {
    ...{ ...get, path: '/users/:user/tokens', params: user, answer: pageOf(of.tokenSchema) },
    summary: 'A user’s tokens, the first made first',
  },
  createToken: {
    ...{ ...post, path: '/users/:user/tokens', params: user, body: of.tokenBody, answer: of.madeTokenSchema },
    summary: 'Make a token of a user; it is shown this once',
  },
  listWorkerTokens: {
    ...{ ...get, path: '/worker-tokens', answer: pageOf(of.tokenSchema) },
    summary: 'Tokens of workers, the first made first',
  },
  createWorkerToken: {
    ...{ ...post, path: '/worker-tokens', body: of.workerTokenBody, answer: of.madeTokenSchema },
    summary: 'Make the token of a worker; it is shown this once',
  },
  revokeToken: {
    ...{ ...post, path: '/tokens/:token/revoke', params: z.object({ token: number() }), body: of.whyBody },
    ...{ summary: 'End a token at once', answer: of.tokenSchema },
  },
  listAudit: {
    ...{ ...get, path: '/audit', answer: pageOf(of.auditEntrySchema) },
    summary: 'Who did what, when and why, the last first',
    query: z.object({
      ...pageQuery,
      actor: word().optional(),
      subject: word().optional().meta({ description: 'with / at its end: all that begin so' }),
      action: word().optional(),
      since: z.iso.datetime().optional(),
    }),
  },
} as const;

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import * as access from '../../access/index.ts';
import { cursorNumber, cursorText, cutPage, decodeCursor } from '../../api/index.ts';
import { listAudit, listTeams, listUsers } from '../../db/index.ts';
import { may, type Grant } from '../../model/access/index.ts';
import { auditAnswer, grantAnswer, teamAnswer, userAnswer } from '../answers/access.ts';
import type { ServerContext } from '../context.ts';
import { serveRoute } from '../serve-route.ts';
import { defined } from './builds.ts';

const byName = z.tuple([cursorText()]);
const byId = z.tuple([cursorNumber()]);
const changes = { action: 'user.change', on: () => ({}) } as const;

/** Who changes something over HTTP, and why. */
export function changeOf(
  { trunk }: ServerContext,
  { principal }: FastifyRequest,
  { reason }: { reason?: string | undefined },
): access.Change {
  return { actor: principal.name, reason: reason ?? null, now: trunk.now() };
}

export function serveAccess(app: FastifyInstance, context: ServerContext): void {
  serveUsers(app, context);
  serveTeams(app, context);
  serveGrants(app, context);
  const { db } = context.trunk;
  const reads = { action: 'audit.read', on: () => ({}) } as const;
  serveRoute(app, 'listAudit', reads, async ({ query: { limit, cursor, since, ...filter } }) => {
    const [before] = decodeCursor(byId, cursor) ?? [];
    const from = since === undefined ? undefined : Date.parse(since);
    const found = await listAudit(db, { ...defined({ ...filter, before, since: from }), limit: limit + 1 });
    return cutPage(found, limit, { keys: ({ id }) => [id], view: auditAnswer });
  });
}

function serveUsers(app: FastifyInstance, context: ServerContext): void {
  const { db } = context.trunk;
  serveRoute(app, 'listUsers', changes, async ({ query: { limit, cursor } }) => {
    const [after = ''] = decodeCursor(byName, cursor) ?? [];
    const rest = (await listUsers(db)).filter(({ name }) => name > after);
    return cutPage(rest, limit, { keys: ({ name }) => [name], view: userAnswer });
  });
  serveRoute(app, 'createUser', changes, async ({ body, request }) => {
    const { name, password = null, admin } = body;
    if (password !== null) await access.requireLogins(db, request.principal);
    if (admin) await access.requireGiving(db, request.principal, { role: 'admin' });
    const user = { name, password, admin };
    return userAnswer(await access.createUser(db, user, changeOf(context, request, body)));
  });
  // A user's own password too: the handler says who may.
  serveRoute(app, 'setPassword', 'listed', async ({ params: { user }, body, request }) => {
    await access.requireAccount(db, request.principal, user, { adds: body.password !== null });
    return userAnswer(await access.setPassword(db, user, body.password, changeOf(context, request, body)));
  });
  const { disableUser, enableUser, deleteUser } = access;
  for (const [name, change] of Object.entries({ disableUser, enableUser, deleteUser }))
    serveRoute(app, name as 'disableUser', changes, async ({ params: { user }, body, request }) =>
      userAnswer(await change(db, user, changeOf(context, request, body))),
    );
}

function serveTeams(app: FastifyInstance, context: ServerContext): void {
  const { db } = context.trunk;
  serveRoute(app, 'listTeams', changes, async ({ query: { limit, cursor } }) => {
    const [after = ''] = decodeCursor(byName, cursor) ?? [];
    const rest = (await listTeams(db)).filter(({ name }) => name > after);
    return cutPage(rest, limit, { keys: ({ name }) => [name], view: teamAnswer });
  });
  serveRoute(app, 'createTeam', changes, async ({ body, request }) =>
    teamAnswer(await access.createTeam(db, body.name, changeOf(context, request, body))),
  );
  serveRoute(app, 'addMember', changes, async ({ params: { team }, body, request }) =>
    teamAnswer(await access.addMember(db, team, body.user, changeOf(context, request, body))),
  );
  serveRoute(app, 'removeMember', changes, async ({ params: { team }, body, request }) =>
    teamAnswer(await access.dismissMember(db, team, body.user, changeOf(context, request, body))),
  );
  serveRoute(app, 'deleteTeam', changes, async ({ params: { team }, body, request }) =>
    teamAnswer(await access.deleteTeam(db, team, changeOf(context, request, body))),
  );
}

function serveGrants(app: FastifyInstance, context: ServerContext): void {
  const { db } = context.trunk;
  serveRoute(app, 'listGrants', 'listed', async ({ query: { limit, cursor }, request: { principal } }) => {
    const [after = 0] = decodeCursor(byId, cursor) ?? [];
    const shown = (await access.grantsOf(db, null))
      .filter(({ id, grant }) => id > after && may(principal, 'grant.change', limitsOf(grant)))
      .sort((a, b) => a.id - b.id);
    return cutPage(shown, limit, { keys: ({ id }) => [id], view: grantAnswer });
  });
  // What giving takes depends on what is given: `requireGiving` says who may.
  serveRoute(app, 'addGrant', 'listed', async ({ body, request }) => {
    const { holder, reason, ...rest } = body;
    const grant = defined(rest);
    await access.requireGiving(db, request.principal, grant);
    return grantAnswer(await access.addGrant(db, holderOf(holder), grant, changeOf(context, request, { reason })));
  });
  serveRoute(app, 'removeGrant', 'listed', async ({ params, body, request }) => {
    // Whoever may give none is not told which there are.
    if (!request.principal.grants.some(({ role }) => role === 'admin'))
      await access.requireMay(db, request.principal, 'grant.change', {});
    const given = await access.requireGrant(db, params.grant);
    await access.requireGiving(db, request.principal, given.grant);
    return grantAnswer(await access.takeGrant(db, params.grant, changeOf(context, request, body)));
  });
}

function limitsOf({ project, target, ref }: Grant) {
  return defined({ project, target, ref });
}

/** `user/ada`, `team/release`, `anonymous`, as the schema lets them through. */
function holderOf(text: string): access.HolderName {
  if (text === 'anonymous') return text;
  const [kind, name = ''] = text.split('/');
  return kind === 'team' ? { team: name } : { user: name };
}

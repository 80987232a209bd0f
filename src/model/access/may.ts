import { actionsOf, LIMITS, ruleOf, type Action, type ActionRule } from './actions.ts';
import { matches } from './pattern.ts';
import type { Grant, OpenReading, Principal, Restriction, Subjects } from './principal.ts';

/**
 * Whether somebody may do something. What is not granted is refused: a grant limited to a project, target or ref counts only where the action is
 * done on one that it names, so `{}`, which means everything, takes a grant without limits. A token may what both its scope and its owner's grants
 * allow. Everybody may read what is not restricted; a list that names restricted things among others asks for each entry.
 */
export function may(principal: Principal, action: Action, on: Subjects): boolean {
  const rule = ruleOf(action);
  if (action === 'worker.connect') return principal.kind === 'worker';
  if (action === 'attempt.work') return mayWork(principal, on);
  if (rule.reads && principal.open !== undefined && isOpen(principal.open, rule, on)) return true;
  return (
    principal.kind !== 'worker' &&
    allows(principal.grants, rule, on) &&
    (principal.scope === undefined || allows(principal.scope, rule, on))
  );
}

/**
 * Whether there is a ref of the target, or the target itself, that somebody may read: what the serving of files that are named by their content
 * asks, which refs share and nobody finds who was not led there by one of them.
 */
export function mayReadSome(principal: Principal, target: string): boolean {
  if (may(principal, 'repository.read', { target })) return true;
  const rule = ruleOf('repository.read');
  const some = (grants: readonly Grant[]) =>
    grants.some(
      (grant) => rule.roles.includes(grant.role) && grant.project === undefined && meets(grant.target, target),
    );
  const scoped = principal.scope === undefined || some(principal.scope);
  return some(principal.open?.grants ?? []) || (principal.kind !== 'worker' && some(principal.grants) && scoped);
}

/** Those of the labels a worker says it has that its token lets it have. */
export function grantedLabels(principal: Principal, labels: readonly string[]): string[] {
  return labels.filter((label) => principal.worker?.labels.some((pattern) => matches(pattern, label)) ?? false);
}

/** Whether all that `inner` allows is allowed by one of `outer` alone. */
export function isWithin(inner: Grant, outer: readonly Grant[]): boolean {
  return outer.some(
    (grant) =>
      actionsOf(inner.role).every((action) => ruleOf(action).roles.includes(grant.role)) &&
      LIMITS.every((limit) => meets(grant[limit], inner[limit])),
  );
}

function allows(grants: readonly Grant[], rule: ActionRule, on: Subjects): boolean {
  return grants.some((grant) => rule.roles.includes(grant.role) && reaches(grant, rule, on));
}

function reaches(grant: Grant, { passesOver = [] }: ActionRule, on: Subjects): boolean {
  return LIMITS.every((limit) => passesOver.includes(limit) || meets(grant[limit], on[limit]));
}

function meets(limit: string | undefined, name: string | undefined): boolean {
  return limit === undefined || (name !== undefined && matches(limit, name));
}

function isOpen({ restricted, grants }: OpenReading, rule: ActionRule, on: Subjects): boolean {
  return !restricted.some((restriction) => closes(restriction, on)) || allows(grants, rule, on);
}

/** A closed target closes also what is asked of all targets; a closed ref only what is asked of that ref. */
function closes({ target, ref }: Restriction, on: Subjects): boolean {
  if (on.target !== undefined && !matches(target, on.target)) return false;
  return ref === undefined || (on.ref !== undefined && matches(ref, on.ref));
}

function mayWork({ kind, worker }: Principal, { target }: Subjects): boolean {
  if (kind !== 'worker' || worker === undefined) return false;
  return worker.targets.some((pattern) => (target === undefined ? pattern === '*' : matches(pattern, target)));
}

/** From the least to the most, as help and documentation list them. None includes another one but by what the table says. */
export const ROLES = ['viewer', 'builder', 'packager', 'ci', 'qa', 'release-manager', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** What a grant can be limited to. */
export const LIMITS = ['project', 'target', 'ref'] as const;
export type Limit = (typeof LIMITS)[number];

export interface ActionRule {
  /** What it lets somebody do, as documentation and refusals say it: `You may not …`. */
  does: string;
  roles: readonly Role[];
  /** It only looks, so that whoever may read anything at all may do it, except where reading is restricted. */
  reads?: true;
  /** Limits of a grant that have no bearing on it. Every other limit has to be met by what the action is done on. */
  passesOver?: readonly Limit[];
}

const TRIES: readonly Role[] = ['builder', 'packager', 'release-manager', 'admin'];
const JUDGES: readonly Role[] = ['ci', 'qa', 'release-manager', 'admin'];

/** The one table of who may do what. docs/access.md shows it; a test compares the two. */
export const ACTIONS = {
  'build.read': { does: 'see projects, builds, logs, votes and the queue', roles: ROLES, reads: true },
  'repository.read': { does: 'read snapshots, refs and packages', roles: ROLES, reads: true },
  'build.recheck': { does: 'have a failed build tried again', roles: TRIES },
  'build.force': { does: 'build again what succeeded', roles: TRIES },
  'build.cancel': { does: 'cancel builds', roles: TRIES },
  'project.poll': { does: 'have a project looked at for new commits', roles: TRIES },
  'package.upload': { does: 'bring in packages built elsewhere', roles: ['packager', 'admin'] },
  'package.quarantine': {
    does: 'have a damaged package put aside',
    roles: ['packager', 'qa', 'release-manager', 'admin'],
  },
  'pin.change': { does: 'pin a project and release it', roles: ['packager', 'release-manager', 'admin'] },
  // A vote belongs to a snapshot or a build: a CI system that may move one ref has to vote first.
  'vote.cast': { does: 'report results, and mark what is being tested', roles: JUDGES, passesOver: ['ref'] },
  'ref.move': { does: 'move and undo refs that are not protected; promote under a name', roles: JUDGES },
  'ref.force': { does: 'move protected refs, current and consistent', roles: ['release-manager', 'admin'] },
  'ref.remove': { does: 'take a ref away', roles: ['release-manager', 'admin'] },
  'hold.change': { does: 'hold a snapshot and let it go', roles: ['qa', 'release-manager', 'admin'] },
  'gc.run': { does: 'collect garbage', roles: ['admin'] },
  'key.change': { does: 'make and retire signing keys', roles: ['admin'] },
  'worker.manage': { does: 'drain workers and resume them, make their tokens', roles: ['admin'] },
  'grant.change': { does: 'give and take grants within these limits', roles: ['admin'] },
  'user.change': { does: 'make and change users and teams, and end tokens', roles: ['admin'] },
  // A token has it in vain: access/giving.ts.
  'login.give': { does: 'make tokens and passwords of others, logged in with a password', roles: ['admin'] },
  'audit.read': { does: 'read the audit log', roles: ['admin'] },
  // No role has these: the token of a worker does.
  'worker.connect': { does: 'connect as a worker', roles: [] },
  'attempt.work': { does: 'work on builds of this target as a worker', roles: [] },
} as const satisfies Readonly<Record<string, ActionRule>>;

export type Action = keyof typeof ACTIONS;

/** The rule of an action. */
export function ruleOf(action: Action): ActionRule {
  return ACTIONS[action];
}

/** The actions of a role. */
export function actionsOf(role: Role): Action[] {
  return (Object.keys(ACTIONS) as Action[]).filter((action) => ruleOf(action).roles.includes(role));
}

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ACTIONS,
  actionsOf,
  anonymous,
  grantedLabels,
  isWithin,
  LIMITS,
  matches,
  may,
  mayReadSome,
  ROLES,
  ruleOf,
  type Action,
  type Grant,
  type Principal,
} from '../../../src/model/access/index.ts';

const names = Object.keys(ACTIONS) as Action[];
const user = (...grants: Grant[]): Principal => ({ name: 'ada', kind: 'user', grants });

const name = fc.constantFrom('a', 'b', 'ab', 'abc', 'b-a', 'a.b');
const pattern = fc.oneof(name, fc.constantFrom('*', 'a*', '*b', 'a*c', '*b*', '**', 'a*b*'));
const given = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const compact = <T extends object>(record: T) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
const grant = fc
  .record({ role: fc.constantFrom(...ROLES), project: given(pattern), target: given(pattern), ref: given(pattern) })
  .map((one) => compact(one) as Grant);
const subjects = fc
  .record({ project: given(name), target: given(name), ref: given(name) })
  .map((one) => compact(one) as Partial<Record<(typeof LIMITS)[number], string>>);
const action = fc.constantFrom(...names);
const open = fc.record({
  restricted: fc.array(
    fc.record({ target: pattern, ref: given(pattern) }).map((one) => compact(one) as { target: string; ref?: string }),
    { maxLength: 3 },
  ),
  grants: fc.array(
    grant.map((one): Grant => ({ ...one, role: 'viewer' })),
    { maxLength: 2 },
  ),
});

describe('patterns', () => {
  test('are exact, or have * for anything', () => {
    const regular = (text: string) =>
      new RegExp(`^${text.replaceAll(/[^a-z*]/g, String.raw`\$&`).replaceAll('*', '.*')}$`, 's');
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.'), maxLength: 8 });
    fc.assert(
      fc.property(letters, letters, (glob, plain) => {
        expect(matches(glob, plain)).toBe(regular(glob).test(plain));
      }),
      { numRuns: 2000 },
    );
  });

  test('one that is meant by another means nothing the other does not', () => {
    fc.assert(
      fc.property(pattern, pattern, name, (outer, inner, plain) => {
        fc.pre(matches(outer, inner) && matches(inner, plain));
        expect(matches(outer, plain)).toBe(true);
      }),
    );
  });

  test('take no longer than the text is long', () => {
    const started = performance.now();
    expect(matches('*a'.repeat(5000), 'a'.repeat(200_000) + 'b')).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('may', () => {
  test('an action of a role, where the grant holds and nowhere else', () => {
    const qa = user({ role: 'qa', target: 'fedora-*', ref: 'tested' });
    expect(may(qa, 'ref.move', { target: 'fedora-43', ref: 'tested' })).toBe(true);
    expect(may(qa, 'ref.move', { target: 'debian-12', ref: 'tested' })).toBe(false);
    expect(may(qa, 'ref.move', { target: 'fedora-43', ref: 'released' })).toBe(false);
    expect(may(qa, 'ref.force', { target: 'fedora-43', ref: 'tested' })).toBe(false);
    // All of them is more than the one.
    expect(may(qa, 'ref.move', { target: 'fedora-43' })).toBe(false);
    expect(may(qa, 'ref.move', {})).toBe(false);
    // It votes before it moves the ref.
    expect(may(qa, 'vote.cast', { target: 'fedora-43' })).toBe(true);
    expect(may(qa, 'vote.cast', { target: 'debian-12' })).toBe(false);
    const limited = user({ role: 'admin', ref: 'tested' });
    expect(names.filter((one) => may(limited, one, {}))).toEqual(['vote.cast']);
  });

  test('a role has what the table says, and the words for it are complete', () => {
    for (const role of ROLES)
      for (const one of names) expect(may(user({ role }), one, {})).toBe(actionsOf(role).includes(one));
    expect(actionsOf('viewer')).toEqual(['build.read', 'repository.read']);
    expect(actionsOf('admin')).toEqual(names.filter((one) => ruleOf(one).roles.length > 0));
    expect(actionsOf('ci')).toEqual(['build.read', 'repository.read', 'vote.cast', 'ref.move']);
  });

  test('everybody reads what is not restricted, and nothing else', () => {
    const nobody = anonymous({ restricted: [{ target: 'secret-*' }, { target: 'fedora', ref: 'rc*' }], grants: [] });
    expect(may(nobody, 'repository.read', { target: 'fedora', ref: 'current' })).toBe(true);
    expect(may(nobody, 'repository.read', { target: 'fedora', ref: 'rc1' })).toBe(false);
    expect(may(nobody, 'repository.read', { target: 'secret-1', ref: 'current' })).toBe(false);
    expect(may(nobody, 'build.read', { target: 'secret-1' })).toBe(false);
    expect(may(nobody, 'build.read', { target: 'fedora' })).toBe(true);
    // All targets: some are restricted.
    expect(may(nobody, 'build.read', {})).toBe(false);
    expect(may(anonymous(), 'build.read', {})).toBe(true);
    expect(names.filter((one) => may(anonymous(), one, {}))).toEqual(['build.read', 'repository.read']);
    expect(names.filter((one) => may({ name: 'x', kind: 'anonymous', grants: [] }, one, {}))).toEqual([]);
  });

  test('one ref of a restricted target is opened by a grant to everybody', () => {
    const nobody = anonymous({
      restricted: [{ target: 'product' }, { target: 'closed' }],
      grants: [{ role: 'viewer', target: 'product', ref: 'released' }],
    });
    expect(may(nobody, 'repository.read', { target: 'product', ref: 'released' })).toBe(true);
    expect(may(nobody, 'repository.read', { target: 'product', ref: 'current' })).toBe(false);
    expect(may(nobody, 'repository.read', { target: 'product' })).toBe(false);
    expect(mayReadSome(nobody, 'product')).toBe(true);
    expect(mayReadSome(nobody, 'closed')).toBe(false);
    const tester = {
      ...user({ role: 'qa', target: 'closed', ref: 'rc' }),
      open: nobody.open ?? { restricted: [], grants: [] },
    };
    expect(mayReadSome(tester, 'closed')).toBe(true);
    expect(mayReadSome({ ...tester, kind: 'token', scope: [{ role: 'qa', target: 'product' }] }, 'closed')).toBe(false);
  });

  test('a worker works on what its token names, with labels it names, and may nothing else', () => {
    const worker: Principal = {
      name: 'worker/one',
      kind: 'worker',
      // Not even what somebody grants it.
      grants: [{ role: 'admin' }],
      worker: { targets: ['fedora-*'], labels: ['x86_64', 'mem-*'] },
    };
    expect(names.filter((one) => may(worker, one, { target: 'fedora-43' }))).toEqual([
      'worker.connect',
      'attempt.work',
    ]);
    expect(may(worker, 'attempt.work', { target: 'debian-12' })).toBe(false);
    expect(may(worker, 'attempt.work', {})).toBe(false);
    expect(grantedLabels(worker, ['x86_64', 'mem-64', 'trusted'])).toEqual(['x86_64', 'mem-64']);
    expect(grantedLabels(user({ role: 'admin' }), ['x86_64'])).toEqual([]);
    expect(may(user({ role: 'admin' }), 'attempt.work', { target: 'fedora-43' })).toBe(false);
  });
});

describe('in general', () => {
  test('a token never may more than its owner, nor more than its scope', () => {
    fc.assert(
      fc.property(fc.array(grant), fc.array(grant), open, action, subjects, (grants, scope, reading, one, on) => {
        const owner: Principal = { name: 'ada', kind: 'user', user: 'ada', grants, open: reading };
        const token: Principal = { ...owner, kind: 'token', scope };
        if (may(token, one, on)) {
          expect(may(owner, one, on)).toBe(true);
          expect(may({ ...owner, grants: scope }, one, on)).toBe(true);
        }
        for (const target of ['a', 'ab']) if (mayReadSome(token, target)) expect(mayReadSome(owner, target)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('what lies within other grants adds nothing to them', () => {
    fc.assert(
      fc.property(fc.array(grant, { maxLength: 3 }), grant, action, subjects, (outer, inner, one, on) => {
        fc.pre(isWithin(inner, outer));
        if (may(user(inner), one, on)) expect(may(user(...outer), one, on)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('a further grant takes nothing away, and what is done on less is not refused', () => {
    fc.assert(
      fc.property(fc.array(grant), grant, action, subjects, subjects, (grants, more, one, on, further) => {
        if (!may(user(...grants), one, on)) return;
        expect(may(user(...grants, more), one, on)).toBe(true);
        expect(may(user(...grants), one, { ...further, ...on })).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('whatever is restricted, nobody reads it without a grant', () => {
    fc.assert(
      fc.property(
        open,
        fc.constantFrom<Action>('build.read', 'repository.read'),
        subjects,
        ({ restricted }, one, on) => {
          const closed = restricted.some(
            ({ target, ref }) =>
              (on.target === undefined || matches(target, on.target)) &&
              (ref === undefined || (on.ref !== undefined && matches(ref, on.ref))),
          );
          expect(may(anonymous({ restricted, grants: [] }), one, on)).toBe(!closed);
        },
      ),
    );
  });
});

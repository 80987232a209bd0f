import { expect } from 'vitest';
import { deploySamples, RPM } from './fixture.ts';
import { refOf } from './published.ts';
import type { BuildView } from './views.ts';
import { sampled } from '../sampled.ts';

interface VoteView {
  id: number;
  job: string;
  result: string;
  counts: boolean;
  expiresAt: string | null;
}

interface TestedView {
  snapshot: string;
  build: BuildView | null;
  votes: VoteView[];
  mark: { taken: boolean; vote: VoteView } | null;
}

interface PromotionView {
  id: number;
  snapshot: string;
  from: string | null;
  made: boolean;
  standing: boolean;
  votes: { job: string; result: string }[];
}

const REASON = ['--reason', 'it passed'];

sampled('CI jobs vote, take, promote and take back from the command line', async () => {
  const deployment = await deploySamples(['alpha']);
  const { cli, json, samples } = deployment;
  await json(['run']);
  const one = (await refOf(deployment, RPM, 'current')) ?? '';
  await samples[0]?.push('two');
  await json(['run']);
  const two = (await refOf(deployment, RPM, 'current')) ?? '';
  const [newest] = await json<BuildView[]>(['builds']);
  const vote = (thing: string, job: string, result: string, ...more: string[]) =>
    json<VoteView>(['vote', 'add', thing, '--job', job, '--result', result, ...more]);

  const link = ['--url', 'https://ci.example.org/1'];
  expect(await vote(`${RPM}/${one}`, 'tempest', 'success', ...link)).toMatchObject({ counts: true });
  await vote(`${RPM}/${two.slice(0, 12)}`, 'tempest', 'failure', '--at', '2026-01-01T00:00:00Z');
  await vote(String(newest?.id), 'tempest', 'success');
  for (const wrong of [
    [`${RPM}/current`, 'tempest', 'success'],
    [`${RPM}/${one}`, 'tempest', 'success', '--url', 'javascript:alert(1)'],
    [`${RPM}/${one}`, 'tempest', 'in-progress', '--for', '30d'],
  ] as const) {
    const [thing, job, result, ...more] = wrong;
    expect((await cli('vote', 'add', thing, '--job', job, '--result', result, ...more)).code).toBe(1);
  }
  expect(await json<VoteView[]>(['vote', 'list'])).toHaveLength(3);
  expect(await json<VoteView[]>(['vote', 'list', `${RPM}/${one}`])).toMatchObject([{ job: 'tempest' }]);

  expect(await json<TestedView>(['last-tested', RPM])).toMatchObject({ snapshot: two, mark: null });
  expect(await json<TestedView>(['last-tested', RPM, '--max-age', '24h'])).toMatchObject({ snapshot: one });
  expect(await json<TestedView>(['last-tested', RPM, '--of', 'build'])).toMatchObject({ build: { id: newest?.id } });
  const take = ['last-good', RPM, 'tempest', '--take', 'upgrade'];
  expect(await json<TestedView>(take)).toMatchObject({ snapshot: one, mark: { taken: true } });
  // At it already: exit code 2, and by whom.
  expect(await json<TestedView>(take, 2)).toMatchObject({ snapshot: one, mark: { taken: false } });
  expect((await cli('last-good', RPM, 'tempest', 'upgrade')).code).toBe(1);

  const refused = await cli('promote', 'tested', `${RPM}/${one}`, ...REASON, '--require', 'upgrade');
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('upgrade has not said anything') as string,
  });
  await vote(`${RPM}/${one}`, 'upgrade', 'success');
  const promote = (thing: string) => json<PromotionView[]>(['promote', 'tested', thing, ...REASON]);
  expect(await promote(`${RPM}/${one}`)).toMatchObject([{ made: true, from: null, votes: [{}, { job: 'upgrade' }] }]);
  expect(await promote(String(newest?.id))).toMatchObject([{ made: true, from: one, snapshot: two }]);
  expect(await refOf(deployment, RPM, 'tested')).toBe(two);
  expect(await cli('promote', 'current', `${RPM}/${one}`, ...REASON)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('follows the trunk') as string,
  });
  const why = await cli('why-kept', `${RPM}/${one}`);
  expect(why.stdout).toContain('promoted it to tested');

  expect(await json(['demote', `${RPM}/tested`, '--reason', 'it was bad'])).toMatchObject({
    promotion: { standing: false, endedReason: 'it was bad' },
    move: { from: two, to: one },
  });
  expect(await refOf(deployment, RPM, 'tested')).toBe(one);
  expect(await json<PromotionView[]>(['promotions', `${RPM}/tested`])).toMatchObject([
    { snapshot: two, standing: false },
    { snapshot: one, standing: true },
  ]);
  const table = await cli('promotions', RPM, '--standing');
  expect(table.stdout).toContain('tempest: success, upgrade: success');
});

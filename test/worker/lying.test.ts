import { afterAll, expect, vi } from 'vitest';
import type { Order } from '../../src/api/index.ts';
import { listPackages, requireBuild } from '../../src/db/index.ts';
import { recheck } from '../../src/queue/index.ts';
import { removeHomes } from '../drivers/signers/keys.ts';
import { alphaAndBeta, openWorkshop } from './deployment.ts';
import {
  account,
  claimed,
  deliver,
  digest,
  expectNothing,
  forge,
  rooted,
  send,
  speaker,
  type Speaker,
} from './liar.ts';
import { openSigner } from './signer.ts';
import { sampled } from '../sampled.ts';

vi.setConfig({ testTimeout: 420_000 });
afterAll(removeHomes);

sampled('packages that are not what was ordered are refused, and nothing is published', async () => {
  const signer = await openSigner();
  const { shop, liar, order } = await claimed(undefined, { signing: signer.settings });
  const before = await signer.signed();
  const { directory } = shop.deployment;
  const lease = `lease=${String(order.lease)}`;
  expect((await liar.ask('POST', `${rooted(order)}/plan?${lease}`, {})).body).toMatchObject({ next: 'build' });
  const { binary: other } = await forge(directory, 'alpha');
  // Something else than its name says: dropped, whoever asks for it later.
  const wrong = 'a'.repeat(64);
  expect(await send(liar, order, other, wrong)).toMatchObject({ status: 422, body: { code: 'package_invalid' } });
  const asked = account([{ name: 'alpha.rpm', sha256: wrong, size: other.length }]);
  expect((await liar.ask('POST', `${rooted(order)}/built?${lease}`, asked)).body).toEqual({
    next: 'upload',
    missing: [wrong],
  });
  // No package at all.
  const junk = Buffer.from('#!/bin/sh\ntouch /tmp/trunkline-junk\n');
  expect(await send(liar, order, junk)).toMatchObject({ status: 200, body: { whole: true } });
  const built = await liar.ask(
    'POST',
    `${rooted(order)}/built?${lease}`,
    account([{ name: 'alpha.rpm', sha256: digest(junk), size: junk.length }]),
  );
  expect(built.body).toMatchObject({ next: 'ended', failure: { reason: 'build_failed' } });
  expect(await requireBuild(shop.db, 1)).toMatchObject({ result: 'failure', reason: 'build_failed' });
  await expectNothing(shop);
  expect(await signer.signed()).toBe(before);
});

sampled('a package of another project’s name is refused', async () => {
  const signer = await openSigner();
  const shop = await openWorkshop(alphaAndBeta, { signing: signer.settings });
  const { url } = await shop.serve();
  const idle = await signer.signed();
  await shop.discover('alpha');
  const honest = await shop.worker('two', url);
  expect(await shop.finished(1), honest.command.output.stdout).toMatchObject({ result: 'success' });
  honest.command.kill('SIGKILL');
  // What is honest is signed: two packages, and an index.
  const honestly = await signer.signed();
  expect(honestly).toBeGreaterThanOrEqual(idle + 3);
  const before = await listPackages(shop.db, [1]);
  await shop.discover('beta');
  const liar = speaker(url, shop.tokens.one);
  const order = await liar.claim();
  expect(order.project.name).toBe('beta');
  const planned = await liar.ask('POST', `${rooted(order)}/plan?lease=${String(order.lease)}`, {});
  const { version } = planned.body as unknown as { version: { version: string } };
  const { source } = await forge(shop.deployment.directory, 'beta', version.version);
  const { binary } = await forge(shop.deployment.directory, 'alpha', '999');
  const { failure } = await deliver(liar, order, { 'beta-1-1.noarch.rpm': binary, 'beta.src.rpm': source });
  expect(failure?.detail).toContain('says that it was built from alpha, not from beta');
  // Its own source package says that it is where the other project's package comes from.
  await recheck(shop.db, 2, { actor: 'a test', now: Date.now() });
  const again = await liar.claim();
  await liar.ask('POST', `${rooted(again)}/plan?lease=${String(again.lease)}`, {});
  const taking = '%package -n alpha\nSummary: taken\n%description -n alpha\ntaken\n%files -n alpha\n';
  const taken = await forge(shop.deployment.directory, 'beta', version.version, taking);
  const second = await deliver(liar, again, { 'a.rpm': taken.binary, 'beta.src.rpm': taken.source });
  expect(second).toMatchObject({ next: 'ended', failure: { reason: 'build_failed' } });
  expect(second.failure?.detail).toMatch(/alpha.*belongs to|alpha.*another project|project alpha/);
  expect(await listPackages(shop.db, [2])).toEqual([]);
  expect(await listPackages(shop.db, [1])).toEqual(before);
  expect(await signer.signed()).toBe(honestly);
});

sampled(
  'packages without their source, of a version that was not ordered, or before one was asked for, are refused',
  async () => {
    const lies: [string, (order: Order, liar: Speaker, directory: string) => ReturnType<typeof deliver>][] = [
      [
        'without asking for the version',
        async (order, liar, directory) => {
          const { binary, source } = await forge(directory, 'alpha');
          return deliver(liar, order, { 'a.rpm': binary, 'a.src.rpm': source });
        },
      ],
      [
        'no source package',
        async (order, liar, directory) => {
          await liar.ask('POST', `${rooted(order)}/plan?lease=${String(order.lease)}`, {});
          return deliver(liar, order, { 'a.rpm': (await forge(directory, 'alpha')).binary });
        },
      ],
      [
        'was ordered',
        async (order, liar, directory) => {
          await liar.ask('POST', `${rooted(order)}/plan?lease=${String(order.lease)}`, {});
          const { binary, source } = await forge(directory, 'alpha', '999');
          return deliver(liar, order, { 'a.rpm': binary, 'a.src.rpm': source });
        },
      ],
    ];
    const signer = await openSigner();
    const { shop, liar, order: first } = await claimed(undefined, { signing: signer.settings });
    const before = await signer.signed();
    let order = first;
    for (const [why, lie] of lies) {
      const { next, failure } = await lie(order, liar, shop.deployment.directory);
      expect({ next, failure }).toMatchObject({ next: 'ended', failure: { reason: 'build_failed' } });
      expect(failure?.detail).toContain(why);
      await expectNothing(shop);
      expect(await signer.signed()).toBe(before);
      await recheck(shop.db, 1, { actor: 'a test', now: Date.now() });
      order = await liar.claim();
    }
  },
);

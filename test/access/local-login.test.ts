import { expect, test } from 'vitest';
import { withLocalLogin } from '../../src/access/index.ts';
import { anonymous, may } from '../../src/model/access/index.ts';
import { basic } from './samples.ts';

const others = () => Promise.resolve(anonymous());

test('whoever has the secret of this process is let in under the name they give, and nobody else', async () => {
  const { secret, authenticate } = withLocalLogin(others);
  const ask = (authorization?: string) => authenticate({ authorization, address: '127.0.0.1' }, 0);
  const ada = await ask(basic('ada', secret));
  expect(ada).toMatchObject({ name: 'ada', kind: 'user' });
  expect(may(ada, 'user.change', {})).toBe(true);
  expect(may(ada, 'worker.connect', {})).toBe(false);
  expect(await ask(`Bearer ${secret}`)).toMatchObject({ name: 'local' });
  for (const name of ['', 'a b', 'ada/laptop', '\n', 'x'.repeat(200)])
    expect(await ask(basic(name, secret))).toMatchObject({ name: 'local' });
  const { secret: another } = withLocalLogin(others);
  expect(another).not.toBe(secret);
  for (const wrong of [
    basic('ada', another),
    `Bearer ${secret}x`,
    `Bearer ${secret.slice(0, -1)}`,
    basic('ada', ''),
    undefined,
  ])
    expect(await ask(wrong)).toMatchObject({ kind: 'anonymous' });
  await expect(ask('Digest x')).rejects.toMatchObject({ code: 'unauthorized' });
});

import { expect } from 'vitest';
import { trunkline } from '../cli/trunkline.ts';
import { basic } from '../access/samples.ts';
import { problem, serveDeployment, writeConfig } from './serving.ts';
import { sampled } from '../sampled.ts';

const PASSWORD = 'correct horse battery';

sampled('a server lets in whom it knows, and says what is missing to all others', { timeout: 240_000 }, async () => {
  const targets = {
    open: { format: 'rpm', root: 'host' },
    closed: { format: 'rpm', root: 'host', restricted: true },
  };
  const projects = {
    both: { upstream: 'https://x.example/b', packaging: { rpm: 'https://y.example/b' }, targets: ['open', 'closed'] },
    hidden: { upstream: 'https://x.example/h', packaging: { rpm: 'https://y.example/h' }, targets: ['closed'] },
  };
  const { config } = await writeConfig({ settings: { targets }, projects });
  const cli = async (args: string[], input = '') => {
    const said = await trunkline(['--config', config, '--json', ...args], { input });
    expect(said.code, said.stderr).toBe(0);
    return JSON.parse(said.stdout) as { token: string };
  };
  await cli(['user', 'create', 'ada', '--admin'], PASSWORD);
  await cli(['user', 'create', 'bob', '--no-password']);
  await cli(['grant', 'add', 'bob', 'viewer', '--target', 'other']);
  const { token: ada } = await cli(['token', 'create', 'ada/laptop', '--scope', 'viewer,target=closed']);
  const { token: bob } = await cli(['token', 'create', 'bob/laptop']);

  const { get, command } = await serveDeployment(config);
  const as = (path: string, authorization?: string) =>
    get(`/api/v1${path}`, authorization === undefined ? {} : { authorization });
  const names = async (authorization?: string) =>
    ((await (await as('/targets', authorization)).json()) as { items: { name: string }[] }).items.map(
      ({ name }) => name,
    );
  expect((await as('/targets/open')).status).toBe(200);
  expect(await names()).toEqual(['open']);
  // What is closed on one target is open on the other, and the closed one is named nowhere.
  const listed = (await (await as('/projects')).json()) as { items: object[] };
  expect(listed.items).toMatchObject([{ name: 'both', targets: ['open'] }]);
  expect(await (await as('/projects/both')).json()).toMatchObject({ targets: ['open'] });
  for (const path of ['/projects/hidden', '/projects/no-such']) await problem(await as(path), 401);
  for (const page of ['/', '/summary']) {
    const text = await (await get(page)).text();
    expect(text).toContain('open</option>');
    expect(text).not.toContain('closed');
    const known = await (await get(page, { authorization: `Bearer ${ada}` })).text();
    expect(known).toContain('closed</option>');
  }
  for (const path of ['/repos/no-such/x', '/api/v1/targets/no-such/refs'])
    expect(await (await get(path)).text()).not.toContain('closed');
  const nobody = await as('/targets/closed');
  expect(nobody.headers.get('www-authenticate')).toBe(
    'Basic realm="trunkline", charset="UTF-8", Bearer realm="trunkline"',
  );
  expect(await problem(nobody, 401)).toMatchObject({ code: 'unauthorized' });
  for (const authorization of [`Bearer ${ada}`, basic('ada', ada), basic('ada', PASSWORD)]) {
    expect((await as('/targets/closed', authorization)).status).toBe(200);
    expect(await names(authorization)).toEqual(['closed', 'open']);
  }
  expect(await problem(await as('/targets/closed', `Bearer ${bob}`), 403)).toMatchObject({
    code: 'forbidden',
    detail: 'bob/laptop may not see projects, builds, logs, votes and the queue (target closed)',
    hint: expect.stringMatching(/^it takes the role viewer or .* or admin; ada can grant it$/) as string,
  });
  // Wrong credentials are refused where none were needed.
  await problem(await as('/targets/open', `Bearer ${bob}x`), 401);
  const wrong = (n: number) => as('/targets/open', basic('bob', `wrong password ${n}`));
  for (let n = 0; n < 5; n += 1) await problem(await wrong(n), 401);
  // On a slow machine the first of them may be forgiven before the last is answered.
  let limited = await wrong(5);
  for (let n = 6; limited.status === 401 && n < 30; n += 1) limited = await wrong(n);
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await problem(limited, 429)).toMatchObject({ code: 'rate_limited' });
  // Secrets in an address are not taken.
  await problem(await as(`/targets/closed?token=${ada}`), 400);
  for (const secret of [ada, bob, PASSWORD, 'wrong password']) {
    expect(command.output.stderr).not.toContain(secret);
    expect(command.output.stdout).not.toContain(secret);
  }
});

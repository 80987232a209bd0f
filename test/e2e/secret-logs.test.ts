import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deploySamples, RPM } from './fixture.ts';

const SECRET = 'the-webhook-secret-of-this-server';
const HIDDEN = '**redacted**';

test('what a build prints is kept without the secrets of the configuration, and without what looks like one', async () => {
  const deployment = await deploySamples(['alpha'], {
    settings: {
      forges: { github: { secret: [SECRET] } },
      mail: { smtp: 'smtp://ada:pass-phrase@127.0.0.1:1', from: 'a@b.c' },
    },
  });
  const script = [
    // Cut in two, so that the pieces are read apart.
    `printf '%s' 'begin ${SECRET.slice(0, 9)}'; sleep 0.3; echo '${SECRET.slice(9)} end'`,
    `echo 'cloning https://ci:hunter22@git.example/x'`,
    `echo 'a word: pass-phrase'`,
    `echo '-----BEGIN PRIVATE KEY-----'; echo '${'Ab3+'.repeat(16)}'; echo '-----END PRIVATE KEY-----'`,
    `export DEPLOY_TOKEN=abcdefgh; set -x; : DEPLOY_TOKEN=abcdefgh; exit 1`,
  ];
  await deployment.samples[0]?.push('leaking', script.join('\n'));
  await deployment.json(['run'], 1);
  const { stdout } = await deployment.cli('log', '1');
  for (const line of [
    `begin ${HIDDEN} end\n`,
    `cloning https://ci:${HIDDEN}@git.example/x\n`,
    `a word: ${HIDDEN}\n`,
    `-----BEGIN PRIVATE KEY-----${HIDDEN}\n-----END PRIVATE KEY-----\n`,
    `DEPLOY_TOKEN=${HIDDEN}\n`,
  ])
    expect(stdout).toContain(line);
  expect(stdout).not.toMatch(/webhook-secret|hunter22|pass-phrase|Ab3\+|abcdefgh/);
  expect(await readFile(join(deployment.dataDir, 'logs/1/1/build.log'), 'utf8')).toBe(stdout);
  const repository = join(deployment.dataDir, 'repos', RPM);
  const published = (await readdir(repository, { recursive: true })).filter((path) => path.endsWith('/build.log'));
  expect(published).toHaveLength(1);
  for (const path of published) expect(await readFile(join(repository, path), 'utf8')).toBe(stdout);
});

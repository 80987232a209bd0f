import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/lib/index.ts';
import { makeKey, temporary } from '../drivers/signers/keys.ts';

/** Signs as the configuration's `settings` say, and keeps count; gone with `removeHomes`. */
export interface CountingSigner {
  settings: { command: string[]; public_keys: string };
  /** How often something was signed. */
  signed: () => Promise<number>;
}

/** A key, and a program that signs with it. */
export async function openSigner(): Promise<CountingSigner> {
  const home = await temporary();
  const key = await makeKey(home, { algorithm: 'rsa3072' });
  const [publicKeys, program, list] = [join(home, 'public.asc'), join(home, 'sign'), join(home, 'signed')];
  await run(['gpg', '--homedir', home, '--batch', '--armor', '--output', publicKeys, '--export', key]);
  const gpg = `exec gpg --homedir ${home} --batch --quiet --digest-algo SHA256 --local-user ${key}`;
  const lines = [
    ...['#!/bin/sh', `echo "$1" >>${list}`, 'case "$1" in'],
    ...[`detached) ${gpg} --detach-sign ;;`, `armored) ${gpg} --armor --detach-sign ;;`],
    ...[`clearsigned) ${gpg} --clear-sign ;;`, 'esac', ''],
  ];
  await writeFile(program, lines.join('\n'));
  await chmod(program, 0o755);
  return {
    settings: { command: [program], public_keys: publicKeys },
    signed: async () => (await readFile(list, 'utf8').catch(() => '')).split('\n').length - 1,
  };
}

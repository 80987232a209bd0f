import type { KeyOptions } from '../changing-keys.ts';
import { defineCommand, TOKEN_FILE } from '../command.ts';

export const keyRotate = defineCommand<KeyOptions>({
  path: ['key', 'rotate'],
  summary: 'make the next signing key (or the first); clients trust the earlier ones too until they are retired',
  details: [
    'The newest key signs packages and indices from then on, and apt’s InRelease carries a signature by each trusted key, so clients that have only the older one go on.',
    'What refs lead to is signed with it, and the keys are published, before the command ends; by the server where one runs.',
  ].join('\n'),
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }, TOKEN_FILE],
  run: async ({ print, settings, options }) => {
    const { rotateKey } = await import('../../app/index.ts');
    const { changeKeys } = await import('../changing-keys.ts');
    const key = await changeKeys(await settings(), options, {
      alone: rotateKey,
      server: (client, body) => client.post('rotateKey', {}, body),
    });
    print.result(key, () => {
      print.line(`made the signing key ${key.fingerprint}`);
    });
    print.note('trunkline key list shows the earlier ones; retire one when every client has the new key');
    return 0;
  },
});

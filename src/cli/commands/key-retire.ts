import type { KeyOptions } from '../changing-keys.ts';
import { defineCommand, TOKEN_FILE } from '../command.ts';

export const keyRetire = defineCommand<KeyOptions>({
  path: ['key', 'retire'],
  summary: 'take an older key out of what clients are told to trust',
  details:
    'RPMs that only this key signed are refused by clients that no longer have it. The key that signs cannot be retired. The keys are published anew before the command ends.',
  args: [{ name: 'FINGERPRINT', description: 'as trunkline key list shows it' }],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }, TOKEN_FILE],
  run: async ({ args, print, settings, options }) => {
    const { retireKey } = await import('../../app/index.ts');
    const { changeKeys } = await import('../changing-keys.ts');
    const [name = ''] = args;
    const key = await changeKeys(await settings(), options, {
      alone: (context, order) => retireKey(context, name, order),
      server: (client, body) => client.post('retireKey', { key: name.replaceAll(' ', '') }, body),
    });
    print.result(key, () => {
      print.line(`retired ${key.fingerprint}`);
    });
    print.note('its secret part stays in the key directory; RPMs signed with it keep their signature');
    return 0;
  },
});

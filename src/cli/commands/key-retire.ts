import { defineCommand } from '../command.ts';

export const keyRetire = defineCommand<{ reason?: string }>({
  path: ['key', 'retire'],
  summary: 'take an older key out of what clients are told to trust',
  details:
    'RPMs that only this key signed are refused by clients that no longer have it. The key that signs cannot be retired.',
  args: [{ name: 'FINGERPRINT', description: 'as trunkline key list shows it' }],
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }],
  run: async ({ args, print, settings, options }) => {
    const { retireKey } = await import('../../app/index.ts');
    const actor = process.env.SUDO_USER ?? process.env.USER ?? 'root';
    const key = await retireKey(await settings(), args[0] ?? '', { actor, reason: options.reason ?? null });
    print.result(key, () => {
      print.line(`retired ${key.fingerprint}`);
    });
    print.note('its secret part stays in the key directory; RPMs signed with it keep their signature');
    return 0;
  },
});

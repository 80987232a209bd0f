import { defineCommand } from '../command.ts';

export const keyRotate = defineCommand<{ reason?: string }>({
  path: ['key', 'rotate'],
  summary: 'make the next signing key (or the first); clients trust the earlier ones too until they are retired',
  details:
    'The newest key signs packages and indices from then on, and apt’s InRelease carries a signature by each trusted key, so clients that have only the older one go on.',
  options: [{ flags: '--reason <TEXT>', description: 'why; it is written to the audit log' }],
  run: async ({ print, settings, options }) => {
    const { rotateKey } = await import('../../app/index.ts');
    const actor = process.env.SUDO_USER ?? process.env.USER ?? 'root';
    const key = await rotateKey(await settings(), { actor, reason: options.reason ?? null });
    print.result(key, () => {
      print.line(`made the signing key ${key.fingerprint}`);
    });
    print.note('trunkline key list shows the earlier ones; retire one when every client has the new key');
    return 0;
  },
});

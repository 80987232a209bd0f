import { defineCommand } from '../command.ts';

export const keyList = defineCommand<Record<string, never>>({
  path: ['key', 'list'],
  summary: 'show the keys that sign repositories, those clients trust, and retired ones',
  run: async ({ print, settings }) => {
    const { listKeys } = await import('../../app/index.ts');
    const list = await listKeys(await settings());
    const day = (time: number | null) => (time === null ? null : new Date(time).toISOString().slice(0, 10));
    print.result(list, () => {
      if (list.signing === null) print.line('repositories are not signed');
      else
        print.table(
          [{ title: 'key' }, { title: 'state' }, { title: 'made' }, { title: 'expires' }, { title: 'retired' }],
          list.keys.map((key) => [
            key.fingerprint,
            key.state === 'signs' ? { text: key.state, style: 'green' } : key.state,
            ...[day(key.createdAt), key.expiresAt === null ? 'never' : day(key.expiresAt), day(key.retiredAt)],
          ]),
        );
    });
    if (list.signing === null) print.note('add the line "signing: {}" to the configuration, then trunkline key rotate');
    return 0;
  },
});

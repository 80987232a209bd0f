import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ACTIONS, ROLES, ruleOf, type Action } from '../../../src/model/access/index.ts';

test('docs/access.md shows the table of roles as it is', async () => {
  const page = await readFile(new URL('../../../docs/access.md', import.meta.url), 'utf8');
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const [table = ''] = /^\| action .*\n(?:\|.*\n)*/m.exec(page) ?? [];
  const lines = table.trimEnd().split('\n').map(cells);
  expect(lines[0]).toEqual(['action', 'lets somebody', ...ROLES]);
  const actions = (Object.keys(ACTIONS) as Action[]).filter((action) => ruleOf(action).roles.length > 0);
  expect(lines.slice(2)).toEqual(
    actions.map((action) => {
      const { does, roles } = ruleOf(action);
      return [`\`${action}\``, does, ...ROLES.map((role) => (roles.includes(role) ? 'x' : ''))];
    }),
  );
});

import { defineCommand } from '../command.ts';

// The example of a command: a record with a type for its options, imports of what it calls inside `run`, a result printed in two forms from
// one value, and an exit code. Errors are thrown; start.ts reports them. It is listed in commands/index.ts.
export const configCheck = defineCommand<Record<string, never>>({
  path: ['config', 'check'],
  summary: 'report every mistake in the configuration, with its line and remedy',
  run: async ({ print, config }) => {
    const { checkConfig, describeMistake } = await import('../../app/config/index.ts');
    const { file, settings, mistakes } = await checkConfig({ config });
    const [targets, projects] = [settings?.targets.length ?? 0, settings?.projects.length ?? 0];
    const signing = settings?.signing?.kind ?? null;
    print.result({ file, ok: mistakes.length === 0, targets, projects, signing, mistakes }, () => {
      for (const mistake of mistakes) print.line(describeMistake(mistake));
      if (mistakes.length === 0)
        print.line(
          `${file}: no mistakes; ${count(targets, 'target')}, ${count(projects, 'project')}${signing === null ? '; repositories are not signed' : ''}`,
        );
    });
    if (mistakes.length > 0) print.note(`${count(mistakes.length, 'mistake')} in ${file}`);
    return mistakes.length === 0 ? 0 : 1;
  },
});

const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`;

// Takes the lock of the directory it is given and keeps it until it is killed; says `locked` or the error's code.
import { takeLock } from '../../../src/app/lock/index.ts';

const [directory = ''] = process.argv.slice(2);
try {
  await takeLock(directory);
  process.stdout.write('locked\n');
  setInterval(() => undefined, 60_000);
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code ?? String(error)}\n`);
}

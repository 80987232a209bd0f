import { lastLines, ProcessError, run } from '../../../lib/index.ts';
import type { SignatureForm } from '../../../model/index.ts';
import { signingFailed } from '../refusal.ts';

/** What a program that reaches a key may need of our environment; anything else can be set with `env NAME=VALUE PROGRAM`. */
const PASSED_ON = ['HOME', 'USER', 'LOGNAME', 'XDG_RUNTIME_DIR', 'SSH_AUTH_SOCK'];
/** A machine far away, or a token that waits for a finger. */
const TIMEOUT = 120_000;

/** What the program answers, not yet verified. @throws TrunklineError `signing_failed` with the end of what it said. */
export async function signWithCommand(
  command: readonly [string, ...string[]],
  content: Uint8Array,
  form: SignatureForm,
): Promise<Uint8Array> {
  const environment = PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  const program = command[0];
  const hint = `try it by hand: ${[...command, form].join(' ')} < FILE > SIGNATURE`;
  try {
    const { stdout } = await run([program, ...command.slice(1), form], {
      ...{ input: content, encoding: 'latin1', timeout: TIMEOUT, maxOutput: 2 * content.length + 1024 * 1024 },
      env: Object.fromEntries(environment) as Record<string, string>,
    });
    if (stdout === '') throw signingFailed('The signing program answered nothing', program, hint);
    if (form === 'detached' && stdout.startsWith('-----BEGIN'))
      throw signingFailed('The signing program answered text where a binary signature was asked for', program, hint);
    return Buffer.from(stdout, 'latin1');
  } catch (error) {
    if (!(error instanceof ProcessError)) throw error;
    const how = error.code === 'missing_tool' ? 'is not there' : error.timedOut ? 'took too long' : 'failed';
    const words = lastLines(error.stderr, 3).replaceAll('\n', '; ');
    throw signingFailed(`The signing program ${how}${words === '' ? '' : `: ${words}`}`, program, hint, error);
  }
}

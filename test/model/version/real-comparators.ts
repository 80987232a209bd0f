// The real tools' own comparisons, many pairs to a process: rpm's library through Python, dpkg's through Dpkg::Version and dpkg itself.
import { run } from '../../../src/lib/index.ts';

export type Pair = readonly [string, string];

const RPM = `
import json, sys, rpm
for a, b in json.load(sys.stdin):
    print(rpm.labelCompare((None, a, None), (None, b, None)))
`;
const RPM_EVR = `
import json, sys, rpm
for a, b in json.load(sys.stdin):
    x, y = rpm.ver(a), rpm.ver(b)
    print(0 if x == y else -1 if x < y else 1)
`;
const DPKG = `
use strict; use warnings; use Dpkg::Version;
local $/ = undef;
for my $line (split /\\n/, <STDIN>) {
  my ($a, $b) = split /\\t/, $line, -1;
  my ($x, $y) = (Dpkg::Version->new($a), Dpkg::Version->new($b));
  print version_compare($a, $b), $x->is_valid() && $y->is_valid() ? "" : " invalid", "\\n";
}
`;

/** rpm's rpmvercmp of each pair. */
export async function realRpmvercmp(pairs: readonly Pair[]): Promise<number[]> {
  return numbers(await run(['/usr/bin/python3', '-c', RPM], { input: JSON.stringify(pairs) }), pairs.length);
}

/** rpm's comparison of each pair of `[epoch:]version[-release]`. */
export async function realRpmVersions(pairs: readonly Pair[]): Promise<number[]> {
  return numbers(await run(['/usr/bin/python3', '-c', RPM_EVR], { input: JSON.stringify(pairs) }), pairs.length);
}

/** dpkg's comparison of each pair; an invalid version is an error. */
export async function realDebVersions(pairs: readonly Pair[]): Promise<number[]> {
  const input = pairs.map((pair) => pair.join('\t')).join('\n');
  return numbers(await run(['perl', '-e', DPKG], { input }), pairs.length);
}

/** The verdict of the dpkg program itself, a process a question. */
export async function dpkgProgramSays([a, b]: Pair, relation: 'lt' | 'eq' | 'gt'): Promise<boolean> {
  return (await run(['dpkg', '--compare-versions', a, relation, b], { okExitCodes: [0, 1] })).exitCode === 0;
}

function numbers({ stdout }: { stdout: string }, count: number): number[] {
  const lines = stdout.trimEnd().split('\n');
  const answers = lines.map((line) => (/^-?[0-9]+$/.test(line) ? Math.sign(Number(line)) : Number.NaN));
  const wrong = answers.findIndex(Number.isNaN);
  if (wrong >= 0 || answers.length !== count) throw new Error(`answer ${String(wrong)}: ${lines[wrong] ?? 'missing'}`);
  return answers;
}

/** How many cases a property gets, and the seed they come from. */
export const LONG = process.env.TRUNKLINE_TEST_LONG === '1';
export const SEED = Number(process.env.TRUNKLINE_TEST_SEED ?? 20260101);

import { z } from 'zod';
import type { Rule } from './rules.ts';

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1e3,
  kb: 1e3,
  m: 1e6,
  mb: 1e6,
  g: 1e9,
  gb: 1e9,
  t: 1e12,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};
const TIME_UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, min: 60, h: 3600, d: 86_400 };

/** Bytes of `2GiB`, `500 MB`, `1024`; undefined when it is no size. */
export function parseSize(value: string | number): number | undefined {
  return parseQuantity(value, SIZE_UNITS);
}

/** Seconds of `30m`, `1h30m`, `90`; undefined when it is no duration. */
export function parseDuration(value: string | number): number | undefined {
  const parts = String(value).match(/\d+(?:\.\d+)?\s*[a-z]*/gi);
  if (parts?.join('').replace(/\s/g, '') !== String(value).replace(/\s/g, '')) return undefined;
  const seconds = parts.map((part) => parseQuantity(part, TIME_UNITS));
  return seconds.includes(undefined) ? undefined : seconds.reduce<number>((sum, part) => sum + (part ?? 0), 0);
}

function parseQuantity(value: string | number, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(String(value).trim());
  const unit = match?.[2]?.toLowerCase() ?? '';
  if (!match || !Object.hasOwn(units, unit)) return undefined;
  const amount = Math.round(Number(match[1]) * (units[unit] ?? 1));
  return Number.isSafeInteger(amount) && amount > 0 ? amount : undefined;
}

/** Text that `rule` accepts. A refusal becomes an issue whose `params.remedy` says what to do. */
export function text(rule?: Rule) {
  return z.string().superRefine((value, context) => {
    const refusal = rule?.(value);
    if (refusal) context.addIssue({ code: 'custom', message: refusal.what, params: { remedy: refusal.remedy } });
  });
}

/** A list; one value stands for a list of one. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.union([z.array(item), item.transform((value) => [value])]);
}

function quantity(parse: (value: string | number) => number | undefined, example: string, kind: string) {
  return z
    .union([z.number(), z.string()])
    .transform((value, context) => {
      const amount = parse(value);
      if (amount !== undefined) return amount;
      context.addIssue({
        code: 'custom',
        message: `${JSON.stringify(value)} is no ${kind}`,
        params: { remedy: `write a number with a unit, as ${example}` },
      });
      return z.NEVER;
    })
    .meta({ title: kind });
}

export const size = () => quantity(parseSize, '2GiB or 500MB', 'size');
export const duration = () => quantity(parseDuration, '30m or 1h30m', 'length of time');

/** A release such as `43` or `12`, which YAML reads as a number. */
export const release = (rule: Rule) => z.union([text(rule), z.int().nonnegative().transform(String)]);

/** A program and its arguments; a string is given to `sh -c`, in the sandbox. */
export const command = () =>
  z.union([
    z.array(text()).min(1),
    z
      .string()
      .min(1)
      .transform((line) => ['sh', '-c', line]),
  ]);

import { expect, test } from 'vitest';
import { compress, decompress } from '../../src/lib/index.ts';

const texts = ['head '.repeat(40_000), 'middle', 'x'.repeat(300_000)];

test.each(['gzip', 'zstd'] as const)(
  '%s: everything is read, however many members or frames there are',
  async (form) => {
    const parts = await Promise.all(texts.map((text) => compress(Buffer.from(text), form)));
    expect((await decompress(Buffer.concat(parts), form)).toString()).toBe(texts.join(''));
    expect((await decompress(await compress(Buffer.alloc(0), form), form)).toString()).toBe('');
  },
);

test.each(['gzip', 'zstd'] as const)('%s: what is damaged, cut or too large is refused', async (form) => {
  const whole = await compress(Buffer.from(texts[0] ?? ''), form);
  await expect(decompress(whole.subarray(0, -8), form)).rejects.toThrow();
  await expect(decompress(Buffer.from('no such thing'), form)).rejects.toThrow();
  await expect(decompress(whole, form, { most: 1000 })).rejects.toThrow();
});

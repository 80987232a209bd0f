import { expect, test } from 'vitest';
import { redact } from '../../src/lib/index.ts';

test('tokens, Authorization headers and passwords in addresses are redacted, whoever they are of', () => {
  const token = `tl_${'aB3'.repeat(16)}x`;
  const hidden = '**redacted**';
  const lines: [string, string][] = [
    [`token ${token} is bad`, `token ${hidden} is bad`],
    [`"tlw_${'z'.repeat(49)}"`, `"${hidden}"`],
    [`{"authorization":"Bearer ${token}"}`, `{"authorization":"Bearer ${hidden}"}`],
    ['Authorization: Basic YWRhOmFkYQ==', `Authorization: Basic ${hidden}`],
    ['https://ada:secret@host/x', `https://ada:${hidden}@host/x`],
    ['basic requirements of tl_short and a bearer', 'basic requirements of tl_short and a bearer'],
  ];
  for (const [text, clean] of lines) expect(redact(text)).toBe(clean);
});

const LONGEST_SUBJECT = 200;

// eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** `subject` on one line, so that nothing in it begins another header; cut to what mail programs show. */
export function subjectLine(subject: string): string {
  const line = subject.toWellFormed().replace(CONTROL, ' ').trim();
  const characters = Array.from(line);
  return characters.length > LONGEST_SUBJECT ? `${characters.slice(0, LONGEST_SUBJECT - 1).join('')}…` : line;
}

/** `Message-ID` for a message's id, the same each time (RFC 5322, 3.6.4): what cannot stand in one is written as `=XX`. */
export function messageId(id: string, from: string): string {
  const domain = /@([A-Za-z0-9.-]+)$/.exec(from)?.[1] ?? 'localhost';
  const left = Buffer.from(id.toWellFormed(), 'utf8')
    .toString('latin1')
    .replace(/[^A-Za-z0-9._+-]/g, (character) => `=${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return `<${left.replace(/\.{2,}|^\.|\.$/g, (dots) => '=2e'.repeat(dots.length))}@${domain}>`;
}

/** An address that can stand in a header and an SMTP command: one local part, one domain, nothing else. */
export function isPlainAddress(address: string): boolean {
  return /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/u.test(address) && address.replace(CONTROL, '') === address;
}

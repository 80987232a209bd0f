/** The bytes of `chunk` up to the end of the last whole character of UTF-8: what comes after them is the beginning of one. */
export function wholeCharacters(chunk: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, chunk.length); back += 1) {
    const byte = chunk[chunk.length - back] ?? 0;
    if (byte < 0x80) return chunk;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? chunk.subarray(0, chunk.length - back) : chunk;
  }
  return chunk;
}

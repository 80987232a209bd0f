import { expect } from 'vitest';

// Vitest's asymmetric matchers, with a type that may stand in an object.

export const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);
export const having = (part: object): unknown => expect.objectContaining(part);
export const including = (...parts: unknown[]): unknown => expect.arrayContaining(parts);
export const aNumber: unknown = expect.any(Number);

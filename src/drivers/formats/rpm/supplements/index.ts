export { readRpmSupplements } from './read.ts';
export { rpmWholeParts } from './parts.ts';

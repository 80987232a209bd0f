export { createAssembler, type Assembler, type Assembly } from './assemble.ts';
export { wholeTexts, type WholeText } from './wholes.ts';
export type { Chunk } from './chunks.ts';
export {
  keptChunks,
  RECORD,
  knownIndices,
  readIndices,
  rememberIndices,
  writeIndices,
  linkByHash,
  type IndexRecord,
} from './files.ts';

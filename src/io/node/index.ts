/** Files and servers in Node, and writing that never leaves half a file. */
export { isUrl, type OpenOptions } from '../open-url.js';
export { isAddress } from '../schemes.js';
export { findBeside, rasterSidecars, removeSidecars } from './beside.js';
export { cannotOpen, FileSource } from './file.js';
export { type OutputChecks, requireApart, requireOutput } from './inputs.js';
export { readJson } from './json.js';
export { openSource } from './open.js';
export {
  CATALOG_FORMATS,
  makeFolder,
  makeOutputFolder,
  moveTo,
  type OutputFormat,
  removeRun,
  requireEnding,
  requireFolderName,
  requireWritable,
  temporaryPath,
  writeAtomically,
  writeError,
  writeFileAtomically,
  writeFully,
  writeJson,
} from './output.js';

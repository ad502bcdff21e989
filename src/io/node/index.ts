/** Files and servers in Node, and writing that never leaves half a file. */
export { cannotOpen, FileSource } from './file.js';
export { readJson } from './json.js';
export { isUrl, type OpenOptions, openSource } from './open.js';
export {
  makeFolder,
  requireWritable,
  temporaryPath,
  writeAtomically,
  writeError,
  writeFileAtomically,
  writeJson,
} from './output.js';

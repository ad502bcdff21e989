/** Files and servers in Node, and writing that never leaves half a file. */
export { isUrl, type OpenOptions } from '../open-url.js';
export { isAddress } from '../schemes.js';
export { cannotOpen, FileSource } from './file.js';
export { readJson } from './json.js';
export { openSource } from './open.js';
export {
  makeFolder,
  requireWritable,
  temporaryPath,
  writeAtomically,
  writeError,
  writeFileAtomically,
  writeJson,
} from './output.js';

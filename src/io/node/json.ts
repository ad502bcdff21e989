import { readFile, stat } from 'node:fs/promises';
import { TerrachipError } from '../../errors.js';
import { parseJson } from '../../json.js';
import { decodeText } from '../../text.js';
import { requireAtMost } from '../byte-source.js';
import { cannotOpen, noFile } from './file.js';

/** No manifest, plan or model card is larger. */
const MAX_JSON_BYTES = 64 * 2 ** 20;

/** Reads a JSON file whose size is bounded. */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    const found = await stat(path);
    if (!found.isFile()) throw noFile(path);
    requireAtMost({ name: path, size: found.size }, MAX_JSON_BYTES, 'check that it is the right file');
    text = decodeText(await readFile(path));
  } catch (cause) {
    throw cause instanceof TerrachipError ? cause : cannotOpen(path, cause);
  }
  return parseJson(text, path);
}

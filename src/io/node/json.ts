import { readFile, stat } from 'node:fs/promises';
import { TerrachipError } from '../../errors.js';
import { parseJson } from '../../json.js';
import { decodeText } from '../../text.js';
import { cannotOpen, noFile } from './file.js';

/** No manifest, plan or model card is larger. */
const MAX_JSON_BYTES = 64 * 2 ** 20;

/** Reads a JSON file whose size is bounded. */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    const found = await stat(path);
    if (!found.isFile()) throw noFile(path);
    const { size } = found;
    if (size > MAX_JSON_BYTES) {
      throw new TerrachipError(
        'TOO_LARGE',
        `${path} has ${size} bytes, more than the ${MAX_JSON_BYTES} that a JSON document may have`,
        'check that it is the right file',
        { size, limit: MAX_JSON_BYTES },
      );
    }
    text = decodeText(await readFile(path));
  } catch (cause) {
    throw cause instanceof TerrachipError ? cause : cannotOpen(path, cause);
  }
  return parseJson(text, path);
}

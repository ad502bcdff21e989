import { readFile, stat } from 'node:fs/promises';
import { TerrachipError } from '../../errors.js';
import { parseJson } from '../../json.js';
import { decodeText } from '../../text.js';
import { requireAtMost } from '../byte-source.js';
import { isUrl } from '../open-url.js';
import { cannotOpen, noFile, openSource } from './file.js';

/** No manifest, plan or model card is larger. */
const MAX_JSON_BYTES = 64 * 2 ** 20;

/** Reads a JSON file or address whose size is bounded. */
export async function readJson(path: string): Promise<unknown> {
  if (isUrl(path)) return readFrom(path);
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

async function readFrom(url: string): Promise<unknown> {
  const source = await openSource(url);
  try {
    requireAtMost(source, MAX_JSON_BYTES, 'check that it is the right file');
    return parseJson(decodeText(await source.read(0, source.size)), source.name);
  } finally {
    await source.dispose();
  }
}

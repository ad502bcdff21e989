/** JSON documents: one per file, or one per line, as tools save the answers of STAC searches. */
import { invalidInput } from '../../errors.js';
import { requireAtMost } from '../../io/byte-source.js';
import type { ByteSource, ReadOptions } from '../../io/index.js';
import { openSource } from '../../io/node/index.js';
import { pathOf } from '../../io/open-url.js';
import { documentOf, parseJsonLines } from '../../json/lines.js';
import { parseJson } from '../../json.js';
import { decodeText, encodingOf } from '../../text.js';

const MAX_JSON_BYTES = 64 * 2 ** 20;

/** A file of lines is read in pieces; its documents are kept. */
const MAX_LINES_BYTES = 2 ** 30;
const PIECE = 4 * 2 ** 20;

const TOO_LARGE_REMEDY = 'check that it is the right file, or write the items as STAC-GeoParquet';

/** An item has some ten kilobytes. */
const MAX_LINE_BYTES = 16 * 2 ** 20;

const DOCUMENTS = /\.((geo)?json|nd(geo)?json|(geo)?jsonl|geojsons|json-seq|geojsonseq)$/i;
const LINES = /\.(nd(geo)?json|(geo)?jsonl|geojsons|json-seq|geojsonseq)$/i;

/** Whether a path or URL names a JSON document, or lines of them, by its ending. */
export function isDocumentPath(path: string): boolean {
  return DOCUMENTS.test(pathOf(path));
}

/** As `isDocumentPath`, for a document per line. */
function isLinesPath(path: string): boolean {
  return LINES.test(pathOf(path));
}

/**
 * The document that a file or URL holds, or the list of those on its lines.
 * @throws {TerrachipError} NOT_FOUND or NETWORK; TOO_LARGE above 64 MiB, for lines above 1 GiB; INVALID_INPUT for
 * invalid JSON
 */
export async function readDocuments(path: string, options: ReadOptions = {}): Promise<unknown> {
  const source = await openSource(path, options);
  try {
    if (isLinesPath(path)) return await readLines(source, options);
    requireAtMost(source, MAX_JSON_BYTES, TOO_LARGE_REMEDY);
    const text = decodeText(await source.read(0, source.size, options));
    return parseJsonLines(text, source.name) ?? parseJson(text, source.name);
  } finally {
    await source.dispose();
  }
}

async function readLines(source: ByteSource, options: ReadOptions): Promise<unknown[]> {
  requireAtMost(source, MAX_LINES_BYTES, TOO_LARGE_REMEDY);
  const documents: unknown[] = [];
  const decoder = new TextDecoder(encodingOf(await source.read(0, Math.min(2, source.size), options)));
  let rest = '';
  let line = 0;
  for (let start = 0; start < source.size; start += PIECE) {
    options.signal?.throwIfAborted();
    const bytes = await source.read(start, Math.min(PIECE, source.size - start), options);
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_BYTES)
      throw invalidInput(source.name, `has a line of more than ${MAX_LINE_BYTES} bytes`, 'check the file');
    for (const text of lines) documents.push(...documentOf(text, `${source.name}: line ${++line}`));
  }
  documents.push(...documentOf(rest, `${source.name}: line ${line + 1}`));
  return documents;
}

/** JSON with one document per line, as in GeoJSONSeq and responses of STAC searches. */
import { parseJson } from '../json.js';

/** The separator before each document of a sequence (RFC 7464, RFC 8142). */
const RECORD_SEPARATOR = String.fromCharCode(0x1e);

/**
 * The documents of a text with one per line, or of a sequence; null for any other text.
 * @param name of the file, for messages
 * @throws {TerrachipError} INVALID_INPUT for a line that is not JSON
 */
export function parseJsonLines(text: string, name: string): unknown[] | null {
  const isSequence = text.slice(0, 8).trimStart().startsWith(RECORD_SEPARATOR);
  if (!isSequence && !isLines(text)) return null;
  const [separator, part] = isSequence ? [RECORD_SEPARATOR, 'record'] : ['\n', 'line'];
  // Record 0 is the text before the first separator.
  const first = isSequence ? 0 : 1;
  return text.split(separator).flatMap((line, k) => documentOf(line, `${name}: ${part} ${k + first}`));
}

/** Whether the first line is a whole document, and more text follows. */
function isLines(text: string): boolean {
  const end = text.indexOf('\n');
  if (end < 0 || text.slice(end, end + 65_536).trim() === '') return false;
  try {
    JSON.parse(bare(text.slice(0, end)));
    return true;
  } catch {
    return false;
  }
}

/** The document of a line; none for an empty line. */
export function documentOf(line: string, name: string): unknown[] {
  const plain = bare(line);
  return plain === '' ? [] : [parseJson(plain, name)];
}

/** A line without its separator, spaces and byte order mark. */
function bare(text: string): string {
  const line = text.trim();
  return line.startsWith(RECORD_SEPARATOR) ? line.slice(1).trim() : line;
}

/** The boxes of a JP2 file (ISO/IEC 15444-1, annex I): the codestream and the georeference. */
import { invalidInput, type TerrachipError, tooLarge } from '../../errors.js';
import { startsWith, viewOf } from '../../io/bytes.js';
import type { ByteSource, ReadOptions } from '../../io/index.js';

export interface Jp2Boxes {
  /** The codestream's offset and length in the file. */
  readonly codestream: { readonly offset: number; readonly length: number };
  /** GeoJP2's GeoTIFF of one pixel, in a UUID box; null for none. */
  readonly geoTiff: Uint8Array<ArrayBuffer> | null;
  /** The documents of GMLJP2, in order. */
  readonly gml: readonly Uint8Array<ArrayBuffer>[];
}

/** The first bytes of JPEG 2000: the signature box of JP2, or a bare codestream. */
export const JP2_SIGNATURE = '\0\0\0\x0cjP  ';
export const CODESTREAM_SIGNATURE = '\xff\x4f\xff\x51';

/** The identifier of GeoJP2's box. */
const GEOJP2 = '\xb1\x4b\xf8\xbd\x08\x3d\x4b\x43\xa5\xae\x8c\xd7\xd5\xa6\xce\x03';

/** A file has about ten boxes; a crafted one may have one every eight bytes. */
const MAX_BOXES = 4096;
const MAX_DEPTH = 8;

/** A GeoTIFF of one pixel and a GML document are a few kilobytes. */
const MAX_METADATA_BYTES = 4 * 2 ** 20;

interface Box {
  readonly type: string;
  /** Offsets of its content. */
  readonly start: number;
  readonly end: number;
}

export function damagedJp2(name: string, problem: string, cause?: unknown): TerrachipError {
  const remedy = 'check the file, or get it again';
  return invalidInput(name, `is not a readable JPEG 2000 file (${problem})`, remedy, cause);
}

/** @throws {TerrachipError} INVALID_INPUT for a damaged file, TOO_LARGE for absurd metadata */
export async function readBoxes(source: ByteSource, options: ReadOptions): Promise<Jp2Boxes> {
  const head = await source.read(0, Math.min(8, source.size), options);
  if (startsWith(head, CODESTREAM_SIGNATURE)) {
    return { codestream: { offset: 0, length: source.size }, geoTiff: null, gml: [] };
  }
  const gml: Uint8Array<ArrayBuffer>[] = [];
  let codestream: Jp2Boxes['codestream'] | null = null;
  let geoTiff: Jp2Boxes['geoTiff'] = null;
  let count = 0;
  const visit = async (start: number, end: number, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH) throw damagedJp2(source.name, `its boxes are nested deeper than ${MAX_DEPTH}`);
    for (let at = start; at + 8 <= end; ) {
      if (++count > MAX_BOXES) throw damagedJp2(source.name, `it has more than ${MAX_BOXES} boxes`);
      const box = await readBox(source, at, end, options);
      at = box.end;
      if (box.type === 'jp2c') codestream ??= { offset: box.start, length: box.end - box.start };
      else if (box.type === 'asoc') await visit(box.start, box.end, depth + 1);
      else if (box.type === 'xml ') gml.push(await content(source, box, options));
      else if (box.type === 'uuid' && box.end - box.start > 16) {
        const id = await source.read(box.start, 16, options);
        if (!startsWith(id, GEOJP2)) continue;
        geoTiff ??= await content(source, { ...box, start: box.start + 16 }, options);
      }
    }
  };
  await visit(0, source.size, 0);
  if (codestream === null) throw damagedJp2(source.name, 'it has no codestream');
  return { codestream, geoTiff, gml };
}

async function readBox(source: ByteSource, at: number, end: number, options: ReadOptions): Promise<Box> {
  const head = await source.read(at, Math.min(16, end - at), options);
  const view = viewOf(head);
  const type = String.fromCharCode(...head.subarray(4, 8));
  const declared = view.getUint32(0);
  const long = declared === 1 && head.length === 16;
  // Length 0: to the end. Length 1: in the next eight bytes.
  const length = declared === 0 ? end - at : long ? Number(view.getBigUint64(8)) : declared;
  const start = at + (long ? 16 : 8);
  if (at + length < start || at + length > end) {
    throw damagedJp2(source.name, `a box at byte ${at} declares ${length} bytes of ${end - at}`);
  }
  return { type, start, end: at + length };
}

function content(
  source: ByteSource,
  { type, start, end }: Box,
  options: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  if (end - start > MAX_METADATA_BYTES) {
    throw tooLarge(
      `${source.name} has a ${type.trim()} box of ${end - start} bytes, above the limit of ${MAX_METADATA_BYTES}`,
      'check the file',
      { size: end - start, limit: MAX_METADATA_BYTES },
    );
  }
  return source.read(start, end - start, options);
}

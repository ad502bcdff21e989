import { concatBytes } from '../../io/bytes.js';
import type { BlockCoding, DecodeLimits } from './codec.js';

/** Tag 262 of an image whose JPEG streams hold YCbCr. */
export const YCBCR = 6;

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const COMMENT = 0xfe;

/** Marks three components as YCbCr (1) or as the TIFF's colours, commonly RGB (0). */
const adobeMarker = (transform: number): number[] => [
  0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, transform,
]; // biome-ignore format: a segment

export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  readonly precision: number;
  readonly components: number;
}

interface Headers {
  /** Segments up to the first scan, without application segments and comments. */
  readonly segments: Uint8Array[];
  readonly frame: JpegFrame | null;
  /** Start of the first scan, or the end. */
  readonly scan: number;
}

/**
 * A block's JPEG stream as a complete file, its size checked. The tables of tag 347 go first. The TIFF's photometric tag
 * decides the colours: application markers (JFIF, Adobe, colour profiles) are dropped.
 * @throws {Error} for a stream of another size than its block
 */
export function jpegStream(
  stored: Uint8Array<ArrayBuffer>,
  limits: DecodeLimits,
  coding: BlockCoding,
): { bytes: Uint8Array<ArrayBuffer>; frame: JpegFrame } {
  const stream = readHeaders(stored);
  const frame = checkFrame(stream.frame, limits, coding);
  const tables = coding.jpegTables === null ? [] : readHeaders(coding.jpegTables).segments;
  const marker = frame.components === 3 ? adobeMarker(coding.photometric === YCBCR ? 1 : 0) : [];
  const head = Uint8Array.of(0xff, SOI, ...marker);
  return { bytes: concatBytes([head, ...tables, ...stream.segments, stored.subarray(stream.scan)]), frame };
}

function checkFrame(frame: JpegFrame | null, { rows }: DecodeLimits, coding: BlockCoding): JpegFrame {
  const { width, height, samples } = coding;
  if (frame === null) throw new Error('its JPEG stream has no frame');
  if (frame.precision !== 8) throw new Error(`its JPEG stream has ${frame.precision} bits a sample`);
  const fits = frame.width === width && frame.height >= rows && frame.height <= height;
  if (!fits || frame.components !== samples) {
    throw new Error(
      `its JPEG stream has ${frame.width} × ${frame.height} pixels of ${frame.components} samples instead of ${width} × ${rows} of ${samples}`,
    );
  }
  return frame;
}

function readHeaders(stream: Uint8Array): Headers {
  if (stream[0] !== 0xff || stream[1] !== SOI) throw new Error('it is not a JPEG stream');
  const segments: Uint8Array[] = [];
  let frame: JpegFrame | null = null;
  let at = 2;
  while (at + 4 <= stream.length) {
    if (stream[at] !== 0xff) throw new Error('its JPEG stream has no marker where one belongs');
    const marker = stream[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === SOS || marker === EOI) break;
    const end = at + 2 + ((stream[at + 2] << 8) | stream[at + 3]);
    if (end > stream.length) throw new Error('its JPEG stream is cut short');
    const application = (marker >= 0xe0 && marker <= 0xef) || marker === COMMENT;
    if (!application) segments.push(stream.subarray(at, end));
    if (isFrame(marker)) {
      const [precision, y1, y0, x1, x0, components] = stream.subarray(at + 4, end);
      frame = { width: (x1 << 8) | x0, height: (y1 << 8) | y0, precision, components };
    }
    at = end;
  }
  return { segments, frame, scan: at };
}

/** Frames are marked C0 to CF, apart from three other segments there. */
export function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

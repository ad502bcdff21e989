/**
 * One tile of a JPEG 2000 image as a separate codestream, so that a decoder without access by tiles needs memory for one
 * tile only.
 *
 * Tiles are coded independently, but code-blocks, precincts and the parity of wavelets are relative to the image's
 * origin. So a tile is moved towards the origin only to positions where its partition is the same. A missing tile fills
 * the gap before it.
 */
import { tooLarge } from '../../errors.js';
import { concatBytes, viewOf } from '../../io/bytes.js';
import type { Jpeg2000Coding } from '../codecs/codec.js';
import { damagedJp2 } from './boxes.js';
import { type Codestream, MARKER, markerOf, type Partition, unsupportedJp2 } from './codestream.js';

/** The most samples decoded at once, four bytes each: an untiled 10 m band of Sentinel-2 has 1.2e8. */
const MAX_SAMPLES = 2 ** 27;

/** A part of one axis, in pixels of the full resolution. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** A tile's position in the image, and in its separate codestream. */
export interface TilePlace {
  readonly x: Span;
  readonly y: Span;
  readonly movedX: Span;
  readonly movedY: Span;
}

export function ceilShift(value: number, bits: number): number {
  return Math.ceil(value / 2 ** bits);
}

/** @throws {TerrachipError} TOO_LARGE for a tile above the limit */
export function placeTile(name: string, codestream: Codestream, column: number, row: number): TilePlace {
  const { width, height, tileWidth, tileHeight, components, partitions } = codestream;
  const x = spanOf(column, tileWidth, width);
  const y = spanOf(row, tileHeight, height);
  const movedX = moveSpan(x, partitions, 0);
  const movedY = moveSpan(y, partitions, 1);
  const samples = movedX.end * movedY.end * components;
  if (samples > MAX_SAMPLES) {
    throw tooLarge(
      `${name} has a tile of ${x.end - x.start} × ${y.end - y.start} pixels, which takes ${samples} samples at once, above the limit of ${MAX_SAMPLES}`,
      'rewrite it with smaller tiles (gdal_translate -of COG)',
      { size: samples, limit: MAX_SAMPLES },
    );
  }
  return { x, y, movedX, movedY };
}

function spanOf(index: number, size: number, limit: number): Span {
  return { start: index * size, end: Math.min((index + 1) * size, limit) };
}

/** The most positions tried: code-blocks of 1024 pixels after 5 decompositions repeat after 1024 steps of 32. */
const MAX_STEPS = 2 ** 16;

/** The first position with the same partition. A gap before it must be at least as long as the span. */
function moveSpan(span: Span, partitions: readonly Partition[], axis: 0 | 1): Span {
  const step = 2 ** Math.max(...partitions.map(({ decompositions }) => decompositions));
  const length = span.end - span.start;
  const cuts = cutsOf(span, partitions, axis);
  for (let k = 0; k < MAX_STEPS; k++) {
    const start = (span.start % step) + k * step;
    if (start >= span.start) break;
    if (start > 0 && start < length) continue;
    const moved = { start, end: start + length };
    if (cutsOf(moved, partitions, axis) === cuts) return moved;
  }
  return span;
}

/** The first boundary of code-blocks and precincts in a span at each resolution, relative to its start. */
function cutsOf({ start, end }: Span, partitions: readonly Partition[], axis: 0 | 1): string {
  const cuts: number[] = [];
  const cut = (from: number, to: number, bits: number): void => {
    const size = 2 ** bits;
    const first = (Math.floor(from / size) + 1) * size;
    // The first boundary determines the others.
    cuts.push(first < to ? first - from : -1);
  };
  for (const { decompositions, block, precincts } of partitions) {
    for (const [resolution, sizes] of precincts.entries()) {
      const halvings = decompositions - resolution;
      const [from, to] = [ceilShift(start, halvings), ceilShift(end, halvings)];
      cut(from, to, sizes[axis]);
      if (resolution === 0) {
        cut(from, to, Math.min(block[axis], sizes[axis]));
        continue;
      }
      // The subbands of a resolution have its even and odd pixels; a precinct is half as wide in them.
      for (const odd of [0, 2 ** halvings]) {
        const bits = Math.min(block[axis], Math.max(0, sizes[axis] - 1));
        cut(ceilShift(start - odd, halvings + 1), ceilShift(end - odd, halvings + 1), bits);
      }
    }
  }
  return cuts.join(' ');
}

/** A tile's window in the decoded image at a reduced resolution. */
export function tileCoding({ movedX, movedY }: TilePlace, reduction: number): Jpeg2000Coding {
  return {
    reduction,
    width: ceilShift(movedX.end, reduction),
    height: ceilShift(movedY.end, reduction),
    x: ceilShift(movedX.start, reduction),
    y: ceilShift(movedY.start, reduction),
  };
}

/**
 * The codestream of a tile.
 * @param parts its parts, with their headers, in order
 * @throws {TerrachipError} UNSUPPORTED for a moved tile with its own coding parameters
 */
export function tileCodestream(
  name: string,
  { segments }: Codestream,
  place: TilePlace,
  tile: number,
  parts: readonly Uint8Array<ArrayBuffer>[],
): Uint8Array<ArrayBuffer> {
  const { x, y, movedX, movedY } = place;
  const moved = movedX.start !== x.start || movedY.start !== y.start;
  const siz = segments[0].slice();
  const size = viewOf(siz);
  size.setUint32(6, movedX.end);
  size.setUint32(10, movedY.end);
  // Two columns of tiles: the gap, if any, and this tile, which ends with the image.
  size.setUint32(22, movedX.start || movedX.end);
  size.setUint32(26, movedY.start || movedY.end);
  const columns = movedX.start > 0 ? 2 : 1;
  const number = (movedY.start > 0 ? columns : 0) + (movedX.start > 0 ? 1 : 0);
  const numbered = parts.map((part) => {
    const copy = part.slice();
    const data = viewOf(copy);
    if (data.getUint16(0) !== MARKER.SOT || data.getUint16(4) !== tile) {
      throw damagedJp2(name, `tile ${tile} does not lie where it should`);
    }
    if (moved) requireNoCoding(name, part);
    data.setUint16(4, number);
    data.setUint32(6, part.length);
    return copy;
  });
  const [start, end] = [Uint8Array.of(0xff, 0x4f), Uint8Array.of(0xff, 0xd9)];
  return concatBytes([start, siz, ...segments.slice(1), ...numbered, end]);
}

/** A tile's own coding may have another partition than the one it was moved by. */
function requireNoCoding(name: string, part: Uint8Array<ArrayBuffer>): void {
  let at = 12;
  while (at + 2 <= part.length) {
    const segment = part.subarray(at);
    const marker = markerOf(segment);
    if (marker === MARKER.SOD) return;
    if (marker === MARKER.COD || marker === MARKER.COC)
      throw unsupportedJp2(name, 'codes its tiles each in its own way');
    if (segment.length < 4) break;
    at += 2 + viewOf(segment).getUint16(2);
  }
  throw damagedJp2(name, 'the header of a tile is damaged');
}

/** The main header of a JPEG 2000 codestream (ISO/IEC 15444-1, annex A): sizes, samples and coding. */
import { type TerrachipError, unsupported } from '../../errors.js';
import { viewOf } from '../../io/bytes.js';
import type { ByteSource, ReadOptions } from '../../io/index.js';
import { damagedJp2, type Jp2Boxes } from './boxes.js';

export const MARKER = {
  SOC: 0xff4f,
  SIZ: 0xff51,
  COD: 0xff52,
  COC: 0xff53,
  TLM: 0xff55,
  PLM: 0xff57,
  PPM: 0xff60,
  POC: 0xff5f,
  SOT: 0xff90,
  SOD: 0xff93,
  EOC: 0xffd9,
} as const;

/** Partition of a component into code-blocks, and into precincts at each resolution. */
export interface Partition {
  /** Number of wavelet decompositions. */
  readonly decompositions: number;
  /** log2 of the width and height of code-blocks. */
  readonly block: readonly [number, number];
  /** log2 of the width and height of precincts by resolution, the coarsest first; 15 for none. */
  readonly precincts: readonly (readonly [number, number])[];
}

export interface Codestream {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly components: number;
  /** Bits of a sample, of all components. */
  readonly bits: number;
  readonly signed: boolean;
  /** Number of reduced resolutions in all components. */
  readonly reductions: number;
  /** The default partition, then those of components that differ. */
  readonly partitions: readonly Partition[];
  /** Segments of the header, marker included, without tile and packet lengths. The first is SIZ. */
  readonly segments: readonly Uint8Array<ArrayBuffer>[];
  /** Tile and length of each tile-part by TLM, in file order; null without TLM. */
  readonly tileParts: readonly TilePartLength[] | null;
  /** File offsets of the first tile-part and of the codestream's end. */
  readonly tilesStart: number;
  readonly end: number;
}

export interface TilePartLength {
  readonly tile: number;
  readonly length: number;
}

/** Real headers have less than a kilobyte, plus a few bytes per tile with TLM. */
const MAX_HEADER_BYTES = 16 * 2 ** 20;

/** Tiles are numbered with 16 bits. */
const MAX_TILES = 65_535;

/** @throws {TerrachipError} INVALID_INPUT for a damaged header, UNSUPPORTED for samples that OpenJPEG's build lacks */
export async function readCodestream(
  source: ByteSource,
  { offset, length }: Jp2Boxes['codestream'],
  options: ReadOptions,
): Promise<Codestream> {
  const fail = (problem: string): never => {
    throw damagedJp2(source.name, problem);
  };
  const end = offset + length;
  const segments: Uint8Array<ArrayBuffer>[] = [];
  const lengths: Uint8Array<ArrayBuffer>[] = [];
  let at = offset + 2;
  for (;;) {
    if (at + 4 > end) fail('its header is cut short');
    const head = viewOf(await source.read(at, 4, options));
    const marker = head.getUint16(0);
    if (marker === MARKER.SOT) break;
    const size = head.getUint16(2) + 2;
    if (marker < 0xff00 || size < 4 || at + size > end) fail(`its header is damaged at byte ${at}`);
    if (at + size - offset > MAX_HEADER_BYTES) fail(`its header has more than ${MAX_HEADER_BYTES} bytes`);
    if (marker === MARKER.PPM) throw unsupportedJp2(source.name, 'keeps the headers of all packets in front');
    const segment = await source.read(at, size, options);
    if (marker === MARKER.TLM) lengths.push(segment);
    else if (marker !== MARKER.PLM) segments.push(segment);
    at += size;
  }
  const [first] = segments;
  if (first === undefined || markerOf(first) !== MARKER.SIZ) fail('it has no image size');
  const size = readSize(source.name, first);
  const cod = segments.find((segment) => markerOf(segment) === MARKER.COD);
  if (cod === undefined || cod.length < 14) return fail('it does not say how it is coded');
  const partitions = [
    readPartition(source.name, cod, 9, (cod[4] & 1) !== 0),
    ...segments
      .filter((segment) => markerOf(segment) === MARKER.COC)
      .map((coc) => readPartition(source.name, coc, 6, (coc[5] & 1) !== 0)),
  ];
  return {
    ...size,
    reductions: Math.min(...partitions.map(({ decompositions }) => decompositions)),
    partitions,
    segments,
    tileParts: lengths.length === 0 ? null : readTileLengths(source.name, lengths),
    tilesStart: at,
    end,
  };
}

function readSize(
  name: string,
  siz: Uint8Array<ArrayBuffer>,
): Pick<Codestream, 'width' | 'height' | 'tileWidth' | 'tileHeight' | 'components' | 'bits' | 'signed'> {
  if (siz.length < 43) throw damagedJp2(name, 'its image size is cut short');
  const data = viewOf(siz);
  const [width, height, x, y, tileWidth, tileHeight, tileX, tileY] = Array.from({ length: 8 }, (_, k) =>
    data.getUint32(6 + 4 * k),
  );
  const components = data.getUint16(38);
  if (components === 0 || siz.length !== 40 + 3 * components)
    throw damagedJp2(name, 'its image size is damaged');
  if (x !== 0 || y !== 0 || tileX !== 0 || tileY !== 0) {
    throw unsupportedJp2(name, 'starts at another place than its grid');
  }
  if (width === 0 || height === 0 || tileWidth === 0 || tileHeight === 0) {
    throw damagedJp2(
      name,
      `it declares ${width} × ${height} pixels in tiles of ${tileWidth} × ${tileHeight}`,
    );
  }
  const tiles = Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight);
  if (tiles > MAX_TILES) throw damagedJp2(name, `it declares ${tiles} tiles, which cannot be numbered`);
  const samples = Array.from({ length: components }, (_, k) => siz.subarray(40 + 3 * k, 43 + 3 * k));
  const [[depth]] = samples;
  const bits = (depth & 127) + 1;
  const signed = depth >= 128;
  if (samples.some(([other, dx, dy]) => other !== depth || dx !== 1 || dy !== 1)) {
    throw unsupportedJp2(name, 'has components of different kinds or sizes');
  }
  const readable =
    components === 1 ? bits <= 16 && (!signed || bits > 8) : components === 3 && bits <= 8 && !signed;
  if (!readable) {
    throw unsupportedJp2(name, `has ${components} components of ${bits} bits${signed ? ' with a sign' : ''}`);
  }
  return {
    width,
    height,
    tileWidth: Math.min(tileWidth, width),
    tileHeight: Math.min(tileHeight, height),
    components,
    bits,
    signed,
  };
}

/** @param at index of the number of decompositions */
function readPartition(name: string, segment: Uint8Array, at: number, own: boolean): Partition {
  const decompositions = segment[at];
  const block = [segment[at + 1] + 2, segment[at + 2] + 2] as const;
  const sizes = segment.subarray(at + 5, at + 6 + decompositions);
  const valid =
    decompositions <= 32 && block.every((size) => size <= 10) && (!own || sizes.length > decompositions);
  if (!valid) throw damagedJp2(name, 'it says nonsense of how it is coded');
  const precincts = Array.from({ length: decompositions + 1 }, (_, k) =>
    own ? ([sizes[k] & 15, sizes[k] >> 4] as const) : ([15, 15] as const),
  );
  return { decompositions, block, precincts };
}

function readTileLengths(name: string, segments: readonly Uint8Array<ArrayBuffer>[]): TilePartLength[] {
  const result: TilePartLength[] = [];
  const ordered = [...segments].sort((a, b) => a[4] - b[4]);
  for (const segment of ordered) {
    const data = viewOf(segment);
    const tileBytes = (segment[5] >> 4) & 3;
    const lengthBytes = (segment[5] & 64) !== 0 ? 4 : 2;
    const step = tileBytes + lengthBytes;
    if (tileBytes === 3 || (segment.length - 6) % step !== 0)
      throw damagedJp2(name, 'its table of tiles is damaged');
    for (let at = 6; at < segment.length; at += step) {
      const tile = tileBytes === 0 ? result.length : tileBytes === 1 ? segment[at] : data.getUint16(at);
      const length = lengthBytes === 4 ? data.getUint32(at + tileBytes) : data.getUint16(at + tileBytes);
      result.push({ tile, length });
    }
  }
  return result;
}

export function markerOf(segment: Uint8Array): number {
  return (segment[0] << 8) | segment[1];
}

export function unsupportedJp2(name: string, problem: string): TerrachipError {
  return unsupported(
    'JPEG 2000 of this kind',
    `${name} ${problem}, which is not read from JPEG 2000`,
    'convert it to GeoTIFF first (gdal_translate)',
  );
}

/** COGs in memory. */
import { invalidInput } from '../../errors.js';
import { dtypeOf, type TypedArray } from '../../geo/index.js';
import { createEncoder } from '../codecs/wasm-encoders.js';
import { groupsOf, headOf } from './assembly.js';
import { layoutOf } from './directory.js';
import { CogLevel } from './level.js';
import { type CogOptions, hasEqualTiles, resolveOptions } from './options.js';
import { MemoryTiles, TileMemory } from './tile-store.js';

/** The name of the file in messages. */
const NAME = 'the COG';

/**
 * A cloud-optimised GeoTIFF as bytes, for a download or an upload: the same as `writeCog` writes to a file in Node. It runs
 * in a browser too, on the calling thread; both the arrays and the file are in memory.
 * @param bands the values of each band in C order, of the file's dtype
 * @param mask with the option `mask`: 0 for invalid
 * @throws {TerrachipError} INVALID_INPUT for impossible options or arrays that do not fit them, UNSUPPORTED for a CRS that
 *   GeoTIFF cannot hold
 */
export async function encodeCog(
  bands: readonly TypedArray[],
  options: CogOptions,
  mask: Uint8Array | null = null,
): Promise<Uint8Array<ArrayBuffer>> {
  const settings = resolveOptions(NAME, options);
  const layout = layoutOf(settings);
  const { sizes, dtype, compression, level } = settings;
  const { pixelCount, height } = settings.geobox;
  const planes = mask === null ? bands : [...bands, mask];
  const fits =
    bands.length === settings.bands &&
    bands.every((values) => dtypeOf(values) === dtype) &&
    (mask !== null) === (settings.mask !== false) &&
    planes.every(({ length }) => length === pixelCount);
  if (!fits) {
    const found = planes.map((values) => `${values.length} values of ${dtypeOf(values)}`).join(', ');
    const wanted = `${settings.bands} arrays of ${pixelCount} values of ${dtype}`;
    throw invalidInput(NAME, `cannot hold ${found}`, `give ${wanted}, and a mask only with the option mask`);
  }
  const memory = new TileMemory();
  const parts = { settings, encode: createEncoder(compression, level), memory };
  const levels: CogLevel<MemoryTiles>[] = [];
  for (const size of [...sizes].reverse())
    levels.unshift(new CogLevel(parts, size, new MemoryTiles(memory), 0, levels[0] ?? null));
  await levels[0].append(bands, mask, height);
  await levels[0].finish();
  const hasMask = settings.mask === 'auto' ? mask?.includes(0) === true : settings.mask;
  const bigTiff = settings.bigTiff === 'auto' ? null : settings.bigTiff;
  const pieces = [headOf(NAME, { layout, levels, hasMask, bigTiff })];
  for (const level of [...levels].reverse()) {
    // Tiles without compression are already in the file's order.
    const segments = hasEqualTiles(settings)
      ? [{ position: 0, bytes: Infinity }]
      : groupsOf(level, settings, hasMask).flatMap((group) => level.segmentsOf(group));
    for (const { position, bytes } of segments)
      pieces.push(...level.store.framesOf(position, position + bytes));
  }
  return joined(pieces);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

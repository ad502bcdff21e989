/** A picture of a raster, as a PNG: from the overview that is nearest to the wanted size. */
import { encode } from 'fast-png';
import { invalidOption } from '../errors.js';
import { allocateArray, type TypedArray } from '../geo/index.js';
import { writeFileAtomically } from '../io/node/index.js';
import { openRaster, type Raster } from '../raster/index.js';

export interface QuicklookOptions {
  /** The longer side of the picture in pixels (default 1024). */
  size?: number;
  /** One band for grey, three for red, green and blue (default: 1, or 1 2 3 of a uint8 image with three or more). */
  bands?: readonly number[];
  /** The share of values below black and above white, in percent (default 2 and 98). */
  percentiles?: readonly [number, number];
  signal?: AbortSignal;
}

export interface QuicklookReport {
  path: string;
  width: number;
  height: number;
  bands: number[];
  /** The values drawn black and white in each band; null for a palette. */
  stretch: [number, number][] | null;
}

const MAX_SIZE = 8192;

/** Draws a raster. Pixels without data are transparent. */
export async function drawRaster(
  path: string,
  target: string,
  options: QuicklookOptions,
): Promise<QuicklookReport> {
  const { size = 1024, percentiles = [2, 98], signal } = options;
  if (!Number.isInteger(size) || size < 1 || size > MAX_SIZE) {
    throw invalidOption('--size', `cannot be ${size}`, `give a whole number of pixels up to ${MAX_SIZE}`);
  }
  const [low, high] = percentiles;
  if (!(low >= 0 && low < high && high <= 100)) {
    throw invalidOption(
      '--percentiles',
      `cannot be ${low} and ${high}`,
      'give two rising numbers from 0 to 100',
    );
  }
  const raster = await openRaster(path, signal === undefined ? {} : { signal });
  try {
    const bands = options.bands ?? defaultBands(raster);
    if (bands.length !== 1 && bands.length !== 3) {
      throw invalidOption(
        '--bands',
        `names ${bands.length} bands`,
        'give one, or three for red, green and blue',
      );
    }
    const image = await readReduced(raster, bands, size, signal);
    const pixels = new Uint8Array(4 * image.width * image.height);
    const stretch = paint(raster, bands, image, pixels, [low, high]);
    const png = encode({ width: image.width, height: image.height, data: pixels, channels: 4, depth: 8 });
    await writeFileAtomically(target, png);
    return { path: target, width: image.width, height: image.height, bands: [...bands], stretch };
  } finally {
    await raster.close();
  }
}

function defaultBands(raster: Raster): number[] {
  return raster.bands.length >= 3 && raster.bands[0].dtype === 'uint8' ? [1, 2, 3] : [1];
}

interface ReducedImage {
  readonly width: number;
  readonly height: number;
  readonly planes: readonly TypedArray[];
}

/** The smallest level that is still as large as the picture, then every so many pixels of it. */
async function readReduced(
  raster: Raster,
  bands: readonly number[],
  size: number,
  signal?: AbortSignal,
): Promise<ReducedImage> {
  const sizes = [[raster.width, raster.height] as const, ...raster.overviews];
  const scale = Math.min(1, size / Math.max(raster.width, raster.height));
  const width = Math.max(1, Math.round(raster.width * scale));
  const height = Math.max(1, Math.round(raster.height * scale));
  const level = sizes.findLastIndex(([w, h]) => w >= width && h >= height);
  const [fullWidth, fullHeight] = sizes[level];
  const request = { bands, level, ...(signal === undefined ? {} : { signal }) };
  if (fullWidth === width && fullHeight === height) {
    return { width, height, planes: await raster.readPlanes(request) };
  }
  const planes = bands.map(
    (band) => allocateArray(raster.bands[band - 1].dtype, width * height) as TypedArray,
  );
  // Row by row of blocks, so that a large image without overviews is never whole in memory.
  const rowsPerRead = Math.max(1, raster.blockSize[1]);
  const wanted = Array.from({ length: height }, (_, y) => Math.floor(((y + 0.5) * fullHeight) / height));
  for (let y = 0; y < height; ) {
    const start = Math.floor(wanted[y] / rowsPerRead) * rowsPerRead;
    const end = Math.min(fullHeight, start + rowsPerRead);
    const window = { x: 0, y: start, width: fullWidth, height: end - start };
    const rows = await raster.readPlanes({ ...request, window });
    for (; y < height && wanted[y] < end; y++) {
      for (const [i, row] of rows.entries()) {
        const from = (wanted[y] - start) * fullWidth;
        for (let x = 0; x < width; x++) {
          planes[i][y * width + x] = row[from + Math.floor(((x + 0.5) * fullWidth) / width)];
        }
      }
    }
  }
  return { width, height, planes };
}

/** Fills RGBA pixels; returns the stretch of each band, or null where a palette was used. */
function paint(
  raster: Raster,
  bands: readonly number[],
  image: ReducedImage,
  pixels: Uint8Array,
  percentiles: readonly [number, number],
): [number, number][] | null {
  const count = image.width * image.height;
  const palette = bands.length === 1 ? raster.colourTable : null;
  const isMissing = (band: number, value: number): boolean =>
    Number.isNaN(value) || value === raster.bands[bands[band] - 1].nodata;
  if (palette !== null) {
    for (let i = 0; i < count; i++) {
      const value = image.planes[0][i];
      const colour = palette[value];
      if (!isMissing(0, value) && colour !== undefined) pixels.set([...colour, 255], 4 * i);
    }
    return null;
  }
  const stretch = image.planes.map((plane, band) =>
    percentileRange(plane, (value) => isMissing(band, value), percentiles),
  );
  for (let i = 0; i < count; i++) {
    let visible = true;
    for (let channel = 0; channel < 3; channel++) {
      const band = bands.length === 1 ? 0 : channel;
      const value = image.planes[band][i];
      const [black, white] = stretch[band];
      visible &&= !isMissing(band, value);
      pixels[4 * i + channel] = Math.max(
        0,
        Math.min(255, Math.round((255 * (value - black)) / (white - black))),
      );
    }
    pixels[4 * i + 3] = visible ? 255 : 0;
  }
  return stretch;
}

/** The values at two percentiles of the valid ones; never equal. */
function percentileRange(
  plane: TypedArray,
  isMissing: (value: number) => boolean,
  [low, high]: readonly [number, number],
): [number, number] {
  const valid = Float64Array.from(plane)
    .filter((value) => !isMissing(value) && Number.isFinite(value))
    .sort();
  if (valid.length === 0) return [0, 1];
  const at = (percent: number): number => valid[Math.round(((valid.length - 1) * percent) / 100)];
  const black = at(low);
  const white = at(high);
  return black < white ? [black, white] : [black, black + 1];
}

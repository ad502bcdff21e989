/** Polygons burned onto a grid, streamed. */
import { invalidInput, invalidOption } from '../errors.js';
import { type Dtype, noOverlap } from '../geo/index.js';
import { requireOutput } from '../io/node/index.js';
import type { OperationOptions } from '../progress.js';
import { CogWriter } from '../raster/index.js';
import { type AreaFeatures, placeOf, Rasterizer, readAreas } from '../vector/node/index.js';
import { DEFAULT_MAX_PIXELS } from './plan.js';
import { type TargetGrid, targetGrid } from './target-grid.js';

export const BURN_DTYPES = ['uint8', 'float32'] as const satisfies readonly Dtype[];

export interface RasterizeFileOptions extends OperationOptions {
  /** A vector file of polygons. */
  source: string;
  /** The layer of a file with several. */
  layer?: string;
  /** The COG to write. */
  destination: string;
  grid: TargetGrid;
  /** Whether pixels that an outline merely touches are burned too (default: those whose centre lies inside). */
  allTouched?: boolean;
  /** What is burned (default 1). */
  value?: number;
  /** The property of each feature that is burned instead of one value: a number. */
  property?: string;
  /** Where no polygon lies (default 0). */
  background?: number;
  /** Default `uint8`. */
  dtype?: (typeof BURN_DTYPES)[number];
  maxPixels?: number;
}

export interface RasterizeReport {
  destination: string;
  width: number;
  height: number;
  crs: string;
  /** Features of the file, and pixels that one of them covers. */
  features: number;
  burnedPixels: number;
}

/** Rows of one step: a row of the result's tiles. */
const ROWS = 512;

/**
 * Burns polygons by one of GDAL's two rules into a COG; of polygons that overlap, the last wins.
 * @throws {TerrachipError} INVALID_INPUT for a file that holds no polygons, or a property that is no number;
 * INVALID_OPTION for a value that the type cannot hold
 */
export async function rasterizeFile(options: RasterizeFileOptions): Promise<RasterizeReport> {
  const { destination, background = 0, dtype = 'uint8', signal, onProgress } = options;
  const { grid } = options;
  requireFits('--background', background, dtype);
  await requireOutput(destination, {
    formats: ['GeoTIFF'],
    inputs: [options.source, ...('like' in grid ? [grid.like] : [])],
  });
  const areas = await readAreas(options.source, {
    ...(options.layer === undefined ? {} : { layer: options.layer }),
    ...(signal === undefined ? {} : { signal }),
  });
  const values = burnValues(areas, options, dtype);
  const geobox = (await targetGrid(options.grid)).requireAtMost(
    options.maxPixels ?? DEFAULT_MAX_PIXELS,
    'choose a coarser --res, smaller --bounds, or raise --max-pixels',
  );
  const rasterizer = new Rasterizer(areas, geobox, { allTouched: options.allTouched ?? false });
  if (areas.features.length > 0 && !rasterizer.isNear)
    throw noOverlap(areas.name, placeOf(areas), 'the grid', geobox);
  const { width, height } = geobox;
  const writer = await CogWriter.create(destination, { geobox, bands: 1, dtype, overviews: 'mode' });
  try {
    // Values and the background may be equal: what is burned is counted apart.
    const covered = new Uint8Array(ROWS * width);
    const ones = values.map(() => 1);
    let burnedPixels = 0;
    for (let start = 0; start < height; start += ROWS) {
      signal?.throwIfAborted();
      const end = Math.min(height, start + ROWS);
      const strip = (
        dtype === 'uint8' ? new Uint8Array((end - start) * width) : new Float32Array((end - start) * width)
      ).fill(background);
      rasterizer.burn({ start, end }, strip, values);
      covered.fill(0);
      rasterizer.burn({ start, end }, covered, ones);
      for (const pixel of covered) burnedPixels += pixel;
      await writer.writeRows([strip]);
      onProgress?.({ type: 'progress', stage: 'rasterize', done: end, total: height, unit: 'rows' });
    }
    await writer.finish();
    return {
      destination,
      width,
      height,
      crs: geobox.crs.toString(),
      features: areas.features.length,
      burnedPixels,
    };
  } finally {
    await writer.abort();
  }
}

/** What each feature is burned with. */
function burnValues(
  areas: AreaFeatures,
  { property, value }: RasterizeFileOptions,
  dtype: 'uint8' | 'float32',
): number[] {
  if (property === undefined) {
    requireFits('--value', value ?? 1, dtype);
    return areas.features.map(() => value ?? 1);
  }
  if (value !== undefined) {
    throw invalidOption('--value', 'has no meaning beside --property', 'leave one of them out');
  }
  return areas.features.map(({ properties }) => {
    const found = properties[property];
    if (typeof found !== 'number' || !fits(found, dtype)) {
      throw invalidInput(
        areas.name,
        `has a polygon whose ${property} is ${JSON.stringify(found)}`,
        dtype === 'uint8' ? 'give whole numbers from 0 to 255, or --dtype float32' : 'give numbers',
      );
    }
    return found;
  });
}

function requireFits(option: string, value: number, dtype: 'uint8' | 'float32'): void {
  if (!fits(value, dtype)) {
    throw invalidOption(
      option,
      `cannot be ${value} in ${dtype}`,
      'give a whole number from 0 to 255, or --dtype float32',
    );
  }
}

function fits(value: number, dtype: 'uint8' | 'float32'): boolean {
  return dtype === 'float32' || (Number.isInteger(value) && value >= 0 && value <= 255);
}

/** Polygons burned onto a grid, streamed. */
import { invalidOption } from '../errors.js';
import { allocateArray, type Dtype, gridStrips, noOverlap } from '../geo/index.js';
import { requireOutput } from '../io/node/inputs.js';
import type { OperationOptions } from '../progress.js';
import { CogWriter } from '../raster/node/index.js';
import { burnValue, requireHolds } from '../vector/burn-values.js';
import { placeOf } from '../vector/features.js';

import { type PropertyClass, Rasterizer, readAreas } from '../vector/node/index.js';

import { DEFAULT_MAX_PIXELS } from './plan.js';
import { type TargetGrid, targetGrid } from './target-grid.js';

/** The polygons that `rasterizeFile` burns, and the grid. */
export interface RasterizeFileOptions extends OperationOptions {
  /** A vector file of polygons. */
  source: string;
  /** The layer of a file with several. */
  layer?: string;
  /** The reference system of a file that does not say its own. */
  sourceCrs?: string;
  /** The encoding of a shapefile's attributes, whatever it says. */
  encoding?: string;
  /** The COG to write. */
  destination: string;
  grid: TargetGrid;
  /** Whether pixels that an outline merely touches are burned too (default: those whose centre lies inside). */
  allTouched?: boolean;
  /** What is burned (default 1). */
  value?: number;
  /** The property of each feature that is burned instead of one value: a number, or a text of `classes`. */
  property?: string;
  /** The number of each text of `property`. */
  classes?: Readonly<Record<string, number>>;
  /** Where no polygon lies (default 0). */
  background?: number;
  /** Default `uint8`. Whole numbers are burned exactly, or refused. */
  dtype?: Dtype;
  maxPixels?: number;
}

/** What `rasterizeFile` wrote. */
export interface RasterizeReport {
  destination: string;
  width: number;
  height: number;
  crs: string;
  /** Features that may touch the grid, and pixels that one of them covers. */
  features: number;
  burnedPixels: number;
}

export async function rasterizeFile(options: RasterizeFileOptions): Promise<RasterizeReport> {
  const { destination, background = 0, dtype = 'uint8', signal, onProgress } = options;
  const { grid } = options;
  const value = burned(options);
  requireHolds('background', background, dtype);
  if (typeof value === 'number') requireHolds('value', value, dtype);
  await requireOutput(destination, {
    formats: ['GeoTIFF'],
    inputs: [options.source, ...('like' in grid ? [grid.like] : [])],
  });
  const geobox = (await targetGrid(options.grid)).requireAtMost(
    options.maxPixels ?? DEFAULT_MAX_PIXELS,
    'choose a coarser `resolution`, smaller `bounds`, or raise `maxPixels`',
  );
  const read = {
    layer: options.layer,
    crs: options.sourceCrs,
    encoding: options.encoding,
    signal,
  };
  const areas = await readAreas(options.source, {
    ...read,
    onProgress,
    bounds: geobox.bounds,
    boundsCrs: geobox.crs,
  });
  const values = areas.features.map((feature) => burnValue(feature, value, dtype, areas));
  const rasterizer = new Rasterizer(areas, geobox, { allTouched: options.allTouched ?? false });
  if (!rasterizer.isNear) {
    // Only features at the grid were read: all of them say where the file lies.
    const all = await readAreas(options.source, read);
    throw noOverlap(areas.name, placeOf(all), 'the grid', geobox);
  }
  const { width, height } = geobox;
  const writer = await CogWriter.create(destination, { geobox, bands: 1, dtype, overviews: 'mode' });
  try {
    // Values and the background may be equal: what is burned is counted apart.
    const strips = gridStrips(geobox);
    const covered = new Uint8Array(strips[0].end * width);
    const ones = values.map(() => 1);
    let burnedPixels = 0;
    for (const rows of strips) {
      signal?.throwIfAborted();
      const strip = allocateArray(dtype, (rows.end - rows.start) * width).fill(background);
      rasterizer.burn(rows, strip, values);
      covered.fill(0);
      rasterizer.burn(rows, covered, ones);
      for (const pixel of covered) burnedPixels += pixel;
      await writer.writeRows([strip]);
      onProgress?.({ type: 'progress', stage: 'rasterize', done: rows.end, total: height, unit: 'rows' });
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

/** What features are burned with. */
function burned({ property, classes, value }: RasterizeFileOptions): number | PropertyClass {
  if (property === undefined) {
    if (classes === undefined) return value ?? 1;
    throw invalidOption('classes', 'has no meaning without `property`', 'name the property with these texts');
  }
  if (value !== undefined) {
    throw invalidOption('value', 'has no meaning beside `property`', 'leave one of them out');
  }
  return { property, classes };
}

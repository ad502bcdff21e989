/** Burns polygons onto a grid in strips. */
import { invalidOption } from '../errors.js';
import { allocateArray, type Dtype, type GeoBox, gridStrips, noOverlap } from '../geo/index.js';
import { requireOutput } from '../io/node/inputs.js';
import { counted, type OperationOptions, pixelsOf, reportPlan, reportProgress } from '../progress.js';
import { CogWriter, createBlockCache } from '../raster/node/index.js';
import { burnValue, requireHolds } from '../vector/burn-values.js';
import { placeOf } from '../vector/features.js';

import { type PropertyClass, Rasterizer, readAreas } from '../vector/node/index.js';

import { FLOOD_LAYERS } from './flood-areas.js';
import { DEFAULT_MAX_PIXELS } from './plan.js';
import { readScene, resolveGrid } from './scene.js';
import { SceneRasters } from './scene-rasters.js';
import { type TargetGrid, targetGrid } from './target-grid.js';

/** The polygons to burn, and the grid. */
export interface RasterizeFileOptions extends OperationOptions {
  /** A vector file of polygons. */
  source: string;
  /** The layer of a file with several (default: the best by `FLOOD_LAYERS`). */
  layer?: string;
  /** The CRS of a file that declares none. */
  sourceCrs?: string;
  /** The encoding of a shapefile's attributes; overrides the file's own. */
  encoding?: string;
  /** The COG to write. */
  destination: string;
  /** `like` may also be a scene file. */
  grid: TargetGrid;
  /** Burn all pixels that a polygon touches (default: only those whose centre is inside). */
  allTouched?: boolean;
  /** The value to burn (default 1). */
  value?: number;
  /** The property to burn instead of `value`: a number, or a key of `classes`. */
  property?: string;
  /** The value to burn for each text of `property`. */
  classes?: Readonly<Record<string, number>>;
  /** The value outside all polygons (default 0). */
  background?: number;
  /** Default `uint8`. Integers that it cannot hold exactly are refused. */
  dtype?: Dtype;
  maxPixels?: number;
}

/** The raster that `rasterizeFile` wrote. */
export interface RasterizeReport {
  destination: string;
  width: number;
  height: number;
  crs: string;
  /** Features near the grid, and pixels that at least one covers. */
  features: number;
  burnedPixels: number;
}

export async function rasterizeFile(options: RasterizeFileOptions): Promise<RasterizeReport> {
  const { destination, grid, background = 0, dtype = 'uint8', signal } = options;
  const value = valueToBurn(options);
  requireHolds('background', background, dtype);
  if (typeof value === 'number') requireHolds('value', value, dtype);
  await requireOutput(destination, {
    formats: ['GeoTIFF'],
    inputs: [options.source, ...('like' in grid ? [grid.like] : [])],
  });
  const geobox = (await gridToBurnOn(grid, signal)).requireAtMost(
    options.maxPixels ?? DEFAULT_MAX_PIXELS,
    'choose a coarser `resolution`, smaller `bounds`, or raise `maxPixels`',
  );
  const read = {
    preferred: FLOOD_LAYERS,
    layer: options.layer,
    crs: options.sourceCrs,
    encoding: options.encoding,
    signal,
  };
  const areas = await readAreas(options.source, {
    ...read,
    onProgress: options.onProgress,
    bounds: geobox.bounds,
    boundsCrs: geobox.crs,
  });
  const values = areas.features.map((feature) => burnValue(feature, value, dtype, areas));
  const rasterizer = new Rasterizer(areas, geobox, { allTouched: options.allTouched ?? false });
  if (!rasterizer.isNear) {
    // Only features near the grid were read; the message gives the extent of all.
    const all = await readAreas(options.source, read);
    throw noOverlap(areas.name, placeOf(all), 'the grid', geobox);
  }
  const { width, height } = geobox;
  reportPlan(options, 'rasterize', {
    reads: `${counted(areas.features.length, 'feature')} of ${areas.name}`,
    writes: `${pixelsOf(width, height, 1)} of ${dtype} to ${destination}`,
  });
  await using writer = await CogWriter.create(destination, { geobox, bands: 1, dtype, overviews: 'mode' });
  // A value may equal the background, so that burned pixels are counted in a mask of their own.
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
    reportProgress(options, 'rasterize', rows.end, height, 'rows');
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
}

/** The grid of a raster or a scene file, or one in a CRS. */
async function gridToBurnOn(grid: TargetGrid, signal?: AbortSignal): Promise<GeoBox> {
  if (!('like' in grid) || !/\.json$/i.test(grid.like)) return targetGrid(grid);
  const rasters = new SceneRasters(null, createBlockCache());
  try {
    return await resolveGrid(await readScene(grid.like), rasters, signal);
  } finally {
    await rasters.dispose();
  }
}

/** One value for all features, or the property with each feature's value. */
function valueToBurn({ property, classes, value }: RasterizeFileOptions): number | PropertyClass {
  if (property === undefined) {
    if (classes === undefined) return value ?? 1;
    throw invalidOption('classes', 'has no meaning without `property`', 'name the property with these texts');
  }
  if (value !== undefined) {
    throw invalidOption('value', 'has no meaning beside `property`', 'leave one of them out');
  }
  return { property, classes };
}

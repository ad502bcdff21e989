/** Land cover of Europe as files: labels of CLC+ Backbone for patches, and the NUTS regions of patches and rasters. */
import { readClcPlus } from '../archives/clc-plus.js';
import { nutsUrl, type PlaceRegions, type RegionNames, regionsOf } from '../archives/nuts.js';
import { parseSspPatch, sspLabelPath } from '../archives/ssp-patches.js';
import { invalidOption, isTerrachipError } from '../errors.js';
import type { Bounds } from '../geo/index.js';
import type { OpenOptions } from '../io/index.js';
import { requireOutput } from '../io/node/inputs.js';
import { requireEnding } from '../io/node/output.js';
import type { OperationOptions } from '../progress.js';
import { openRaster, writeCog, writeNpy } from '../raster/node/index.js';
import { readAreas } from '../vector/node/index.js';
import { requireGeobox } from './target-grid.js';

/** Which land cover is written. */
export interface LandCoverOptions extends OperationOptions, Pick<OpenOptions, 'allowLocal'> {
  /** The name, path or URL of an SSP Cloud patch (`3649890_2331750_0_937.tif`); its name says where it lies. */
  readonly patch?: string;
  /** x0, y0, x1, y1 in EPSG:3035, instead of a patch. */
  readonly bounds?: Bounds;
  /** Pixels per side of a patch whose path does not give it (default 250). */
  readonly size?: number;
  /** Default: that of the patch's folder. */
  readonly year?: number;
  /** A NumPy array (`.npy`), or a COG (`.tif`). */
  readonly output: string;
  /** The address of another Web Coverage Service. */
  readonly endpoint?: string;
  /** The name of its coverage. */
  readonly coverage?: string;
}

/** The label that was written. */
export interface LandCoverReport {
  readonly output: string;
  readonly width: number;
  readonly height: number;
  /** x0, y0, x1, y1 in EPSG:3035. */
  readonly bounds: Bounds;
  readonly year: number;
  /** How many pixels each value has; 0 is no class. */
  readonly counts: Readonly<Record<number, number>>;
  /** Where the label of the patch belongs, beside the folder of its image; null for a patch in no such folder. */
  readonly place: string | null;
}

/** The values that training labels have: no class, and ten classes. */
const LAST_CLASS = 10;

export async function writeLandCover(options: LandCoverOptions): Promise<LandCoverReport> {
  const { output, patch, endpoint, coverage, signal, onProgress, allowLocal } = options;
  await requireOutput(output, { formats: ['NumPy', 'GeoTIFF'], inputs: [] });
  if ((patch === undefined) === (options.bounds === undefined)) {
    throw invalidOption('patch or bounds', 'is needed, and not both', 'give one of them');
  }
  const named = patch === undefined ? null : parseSspPatch(patch, options.size);
  const bounds = named?.bounds ?? options.bounds;
  const year = options.year ?? named?.year ?? undefined;
  if (year === undefined || bounds === undefined) {
    throw invalidOption('year', 'is needed', 'give 2018 or 2021, or a patch in the folder of its year');
  }
  const { values, geobox, counts } = await readClcPlus({
    bounds,
    year,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(coverage === undefined ? {} : { coverage }),
    signal,
    onProgress,
    allowLocal,
  });
  const { width, height } = geobox;
  if (requireEnding(output, 'NumPy', 'GeoTIFF') === 'NumPy') {
    await writeNpy(output, { shape: [height, width], dtype: 'uint8' }, values);
  } else {
    await writeCog(output, [values], { geobox, bands: 1, dtype: 'uint8', nodata: 0, overviews: 'mode' });
  }
  const others = Object.entries(counts).filter(([value]) => Number(value) > LAST_CLASS);
  for (const [value, count] of others) {
    const message = `${count} pixels have the value ${value}, which is none of the ten classes`;
    onProgress?.({ type: 'warning', message });
  }
  return { output, width, height, bounds, year, counts, place: placeOfLabel(patch) };
}

function placeOfLabel(patch: string | undefined): string | null {
  if (patch === undefined) return null;
  try {
    return sspLabelPath(patch);
  } catch (error) {
    if (isTerrachipError(error, 'INVALID_INPUT')) return null;
    throw error;
  }
}

/** The patch or raster whose regions are named. */
export interface RegionOptions extends OperationOptions, RegionNames {
  /** The name of an SSP Cloud patch, or the path or URL of a raster. */
  readonly place: string;
  /** Pixels per side of a patch whose path does not give it (default 250). */
  readonly size?: number;
  /** A vector file of regions. Default: NUTS regions, downloaded from Eurostat. */
  readonly regions?: string;
  /** The level of NUTS regions: 0 countries, 1 major regions, 2 regions, 3 provinces (default). */
  readonly level?: number;
  /** The year of the NUTS regions (default 2021). */
  readonly nutsYear?: number;
}

/** The regions of a place. */
export interface RegionReport extends PlaceRegions {
  readonly place: string;
  readonly source: string;
}

export async function nameRegions(options: RegionOptions): Promise<RegionReport> {
  const { place, level, nutsYear, signal, onProgress } = options;
  const source = options.regions ?? nutsUrl({ level, year: nutsYear });
  const { bounds, crs } = await placeOf(options);
  const areas = await readAreas(source, { bounds, boundsCrs: crs, signal, onProgress });
  return { place, source, ...regionsOf(bounds, crs, areas, options) };
}

/** The place that a patch's name says, or the bounds of a raster. */
async function placeOf({ place, size, signal }: RegionOptions): Promise<{ bounds: Bounds; crs: string }> {
  try {
    return { bounds: parseSspPatch(place, size).bounds, crs: 'EPSG:3035' };
  } catch (error) {
    if (!isTerrachipError(error, 'INVALID_INPUT')) throw error;
  }
  await using raster = await openRaster(place, { signal });
  const { bounds, crs } = requireGeobox(raster);
  return { bounds, crs: crs.toString() };
}

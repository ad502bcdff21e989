/** Bands by their names: composites and indices. Sentinel-2's names, or what they show. */
import { invalidInput, invalidOption } from '../../errors.js';
import type { Raster } from '../../raster/index.js';
import type { IndexName } from './names.js';

/** Other names of Sentinel-2's bands. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  B02: ['B2', 'blue'],
  B03: ['B3', 'green'],
  B04: ['B4', 'red'],
  B08: ['B8', 'nir'],
  B11: ['swir16', 'swir1'],
  B12: ['swir22', 'swir2'],
};

/** Red, green and blue of composites. */
export const TRUE_COLOUR = ['B04', 'B03', 'B02'] as const;
export const FALSE_COLOUR = ['B08', 'B04', 'B03'] as const;

/** Normalised differences `(a − b) / (a + b)`. */
export const INDICES: Readonly<Record<IndexName, { bands: readonly [string, string]; source: string }>> = {
  NDWI: { bands: ['B03', 'B08'], source: 'McFeeters 1996' },
  MNDWI: { bands: ['B03', 'B11'], source: 'Xu 2006' },
  NDVI: { bands: ['B08', 'B04'], source: 'Rouse et al. 1974' },
  NBR: { bands: ['B08', 'B12'], source: 'Key and Benson 2006' },
};

/** Band numbers of names, by the descriptions of a raster or by the names given for its bands in order. */
export function findBands(
  raster: Raster,
  wanted: readonly string[],
  names: readonly string[] | undefined,
  option: string,
): number[] {
  if (names !== undefined && names.length !== raster.bands.length) {
    throw invalidOption(
      '--band-names',
      `names ${names.length} bands, and ${raster.name} has ${raster.bands.length}`,
      'name each band, in order',
    );
  }
  const described = raster.bands.map(({ description }, k) => names?.[k] ?? description ?? '');
  return wanted.map((name) => {
    const accepted = [name, ...(ALIASES[name] ?? [])].map((text) => text.toLowerCase());
    const found = described.findIndex((text) => accepted.includes(text.toLowerCase()));
    if (found < 0) {
      throw invalidInput(
        raster.name,
        `has no band named ${name}, which ${option} wants`,
        'name its bands in order with --band-names',
      );
    }
    return found + 1;
  });
}

/** `(a − b) / (a + b)`, NaN where either is NaN or the sum is 0. */
export function normalisedDifference(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => {
    const sum = value + b[i];
    return sum === 0 ? Number.NaN : (value - b[i]) / sum;
  });
}

/** Bands of composites and indices, by Sentinel-2's names or by common names. */
import { invalidInput, invalidOption } from '../../errors.js';
import { CpuBackend } from '../../gpu/index.js';
import {
  evaluateExpression,
  INDICES,
  type IndexName,
  parseExpression,
  uploadExpression,
} from '../../kernels/index.js';
import type { Raster } from '../../raster/node/index.js';

/** Common names of Sentinel-2's bands. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  B02: ['B2', 'blue'],
  B03: ['B3', 'green'],
  B04: ['B4', 'red'],
  B08: ['B8', 'nir'],
  B11: ['swir16', 'swir1'],
  B12: ['swir22', 'swir2'],
};

/** Bands of composites as red, green and blue. */
export const TRUE_COLOUR = ['B04', 'B03', 'B02'] as const;
export const FALSE_COLOUR = ['B08', 'B04', 'B03'] as const;

/** Band numbers of names. @param names names of the raster's bands in order (default: their descriptions) */
export function findBands(
  raster: Raster,
  wanted: readonly string[],
  names: readonly string[] | undefined,
  composite: string,
): number[] {
  if (names !== undefined && names.length !== raster.bands.length) {
    const problem = `names ${names.length} bands, and ${raster.name} has ${raster.bands.length}`;
    throw invalidOption('bandNames', problem, 'name each band, in order');
  }
  const described = raster.bands.map(({ description }, k) => names?.[k] ?? description ?? '');
  return wanted.map((name) => {
    const index = indexOfBand(described, name);
    if (index < 0) {
      const problem = `has no band named ${name}, which ${composite} needs`;
      throw invalidInput(raster.name, problem, 'name its bands in order with `bandNames`');
    }
    return index + 1;
  });
}

function indexOfBand(described: readonly string[], name: string): number {
  const accepted = [name, ...(ALIASES[name] ?? [])].map((text) => text.toLowerCase());
  return described.findIndex((text) => accepted.includes(text.toLowerCase()));
}

/** The default bands of a picture. */
export interface DefaultBands {
  readonly bands: readonly number[];
  readonly composite?: 'true-colour';
  /** What was assumed of the file, as a sentence; empty for nothing. */
  readonly assumed: string;
}

/** Sentinel-2's products have 12 bands (L2A) or 13 (L1C), of which the second to fourth are blue, green and red. */
const SENTINEL2_BAND_COUNTS: readonly number[] = [12, 13];

/**
 * True colour where the bands' names, their colour interpretation or their number say which bands that are; else band 1.
 * @param names names of the raster's bands in order (default: their descriptions)
 */
export function defaultBands(raster: Raster, names: readonly string[] | undefined): DefaultBands {
  const described = raster.bands.map(({ description }, k) => names?.[k] ?? description ?? '');
  const colours = TRUE_COLOUR.map((name) => indexOfBand(described, name) + 1);
  // B2, B3 and B4 of other satellites are other colours.
  const isShort = described.some((name) => /^B[234]$/i.test(name));
  const isSentinel2 = !isShort || described.some((name) => /^B8A$/i.test(name));
  if (!colours.includes(0) && isSentinel2) return { bands: colours, composite: 'true-colour', assumed: '' };
  const interpretations = raster.bands.map(({ colourInterpretation }) => colourInterpretation);
  const rgb = ['red', 'green', 'blue'].map((colour) => interpretations.indexOf(colour) + 1);
  if (!rgb.includes(0)) return { bands: rgb, assumed: '' };
  const [{ dtype }] = raster.bands;
  if (raster.bands.length >= 3 && dtype === 'uint8') return { bands: [1, 2, 3], assumed: '' };
  const count = raster.bands.length;
  const isUnnamed = new Set(described).size === 1;
  if (SENTINEL2_BAND_COUNTS.includes(count) && isUnnamed && (dtype === 'int16' || dtype === 'uint16')) {
    const assumed = `its ${count} unnamed bands are Sentinel-2's in order, so that 4, 3, 2 are true colour`;
    return { bands: [4, 3, 2], composite: 'true-colour', assumed };
  }
  return { bands: [1], assumed: '' };
}

/** A spectral index. @param planes the index's bands, in their order */
export async function computeIndex(name: IndexName, planes: readonly Float32Array[]): Promise<Float32Array> {
  const backend = new CpuBackend();
  const expression = uploadExpression(backend, parseExpression(name));
  const bands = Object.fromEntries(
    INDICES[name].bands.map((band, k) => [band, backend.upload(planes[k])] as const),
  );
  const destination = backend.allocate([planes[0].length], 'float32');
  evaluateExpression(backend, { expression, bands, destination });
  const index = new Float32Array(destination.length);
  await backend.download(destination, index);
  backend.dispose();
  return index;
}

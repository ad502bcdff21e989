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
    const accepted = [name, ...(ALIASES[name] ?? [])].map((text) => text.toLowerCase());
    const index = described.findIndex((text) => accepted.includes(text.toLowerCase()));
    if (index < 0) {
      const problem = `has no band named ${name}, which ${composite} needs`;
      throw invalidInput(raster.name, problem, 'name its bands in order with `bandNames`');
    }
    return index + 1;
  });
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

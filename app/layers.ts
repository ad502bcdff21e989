/** The layers of the page: opened files and results. */
import type { Expression } from 'terrachip/kernels';
import type { Units } from 'terrachip/raster';
import type { LayerInfo, LayerPlace } from './protocol.js';

export interface Layer extends LayerPlace {
  readonly info: LayerInfo;
  /** The file of a result; null for a file of the user. */
  readonly result: Blob | null;
  /** The units of its values, for a file of the sample. */
  readonly units: Units | undefined;
  /** The shown bands: one, or red, green and blue; numbers from 1. */
  shown: readonly number[];
  /** The expression that is shown instead of the bands. */
  expression: Expression | null;
  /** Lowest and highest values of the colours, one pair per plane; null to take them from the view. */
  stretches: readonly (readonly [number, number])[] | null;
}

/** Red, green and blue by names of Sentinel-2's bands, or of 3 and 4 bands of bytes; else the first band. */
export function defaultBands({ bands }: LayerInfo): number[] {
  const named = ['B04', 'B03', 'B02'].map((name) => bands.find((band) => band.name === name)?.index);
  if (named.every((index) => index !== undefined)) return named as number[];
  const isPicture =
    (bands.length === 3 || bands.length === 4) && bands.every(({ dtype }) => dtype === 'uint8');
  return isPicture ? [1, 2, 3] : [1];
}

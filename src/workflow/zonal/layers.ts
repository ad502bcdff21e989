/** The layers of zonal statistics: bands of a source, and expressions of its bands. */
import type { BandChoice, QualityMask } from '../../catalog/node/index.js';
import { invalidInput } from '../../errors.js';
import { evaluateExpressionFloat64 } from '../../kernels/expression.js';
import { type Expression, parseExpression, SCL_CLOUDS } from '../../kernels/index.js';

type Floats = Float32Array | Float64Array;

/** The requested bands and expressions. */
export interface ZonalLayers {
  /** Names, or numbers from 1. Default: none beside expressions, else all bands of a raster. */
  readonly bands?: readonly BandChoice[];
  /** Expressions of bands by their names, or of a raster `b1`, `b2`, …: see `parseExpression`. */
  readonly expressions?: readonly string[];
}

/** Layers in the order of the rows of a result, and the bands that they need. */
export class Layers {
  readonly names: readonly string[];
  /** Each once. */
  readonly bands: readonly BandChoice[];
  /** The bands that are layers themselves, which come first. */
  readonly shown: readonly BandChoice[];
  readonly expressions: readonly Expression[];

  /**
   * @param bandNames names that expressions may use (default: any)
   * @throws {TerrachipError} INVALID_INPUT for an expression that cannot be parsed, or uses no band
   */
  constructor({ bands = [], expressions = [] }: ZonalLayers, bandNames?: readonly string[]) {
    this.expressions = expressions.map((text) => parseExpression(text, bandNames));
    const constant = this.expressions.find((expression) => expression.bands.length === 0);
    if (constant !== undefined)
      throw invalidInput(`the expression "${constant.text}"`, 'uses no band', 'name a band in it');
    this.shown = bands;
    this.bands = [...new Set([...bands, ...this.expressions.flatMap((expression) => expression.bands)])];
    this.names = [...bands.map(String), ...expressions];
  }

  /** @param values of each of `bands` */
  compute(values: readonly Floats[]): Floats[] {
    const byBand = new Map(this.bands.map((band, k) => [band, values[k]]));
    const named = Object.fromEntries(byBand);
    return [
      ...this.shown.flatMap((band) => byBand.get(band) ?? []),
      ...this.expressions.map((expression) => {
        const result = new Float64Array(values[0]?.length ?? 0);
        evaluateExpressionFloat64(expression, named, result);
        return result;
      }),
    ];
  }
}

/** The mask that a word stands for. */
export function qualityMask(mask: QualityMask | 'scl' | undefined): QualityMask | undefined {
  return mask === 'scl' ? { band: 'SCL', classes: SCL_CLOUDS } : mask;
}

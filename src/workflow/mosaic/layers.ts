/** The bands of a mosaic: bands of rows, and expressions that are computed for each row. */
import type { ReducedLayers } from '../../catalog/loaders/reduced-layers.js';
import type { BandChoice } from '../../catalog/node/index.js';
import { invalidOption } from '../../errors.js';
import { Layers, type ZonalLayers } from '../zonal/layers.js';

/** The name of the band that counts rows. */
export const COUNT = 'count';

export interface MosaicLayers {
  /** Names in the result, without that of the count. */
  readonly names: readonly string[];
  /** The bands that are read; the first are layers themselves. */
  readonly bands: readonly BandChoice[];
  /** How many of `bands` are layers. */
  readonly shown: number;
  readonly reduced: ReducedLayers;
}

/** `name = expression`. */
const NAMED = /^\s*([A-Za-z_]\w*)\s*=(?!=)(.*)$/s;

/**
 * @throws {TerrachipError} INVALID_OPTION without bands and expressions, and for a name that comes twice; INVALID_INPUT for an
 * expression that cannot be parsed
 */
export function mosaicLayers({ bands = [], expressions = [] }: ZonalLayers, count: boolean): MosaicLayers {
  if (bands.length + expressions.length === 0)
    throw invalidOption('bands', 'are not given', 'name some, or give `expressions` of them');
  const named = expressions.map((text) => {
    const [, name = text, expression = text] = NAMED.exec(text) ?? [];
    return { name: name.trim(), expression };
  });
  const layers = new Layers({ bands, expressions: named.map(({ expression }) => expression) });
  const names = [...bands.map(String), ...named.map(({ name }) => name)];
  const all = count ? [...names, COUNT] : names;
  const twice = all.find((name, k) => all.indexOf(name) !== k);
  if (twice !== undefined) {
    const option = bands.map(String).includes(twice) ? 'bands' : 'expressions';
    throw invalidOption(option, `give "${twice}" twice`, 'give each name once; name expressions: name = …');
  }
  return {
    names,
    bands: layers.bands,
    shown: layers.shown.length,
    reduced: {
      layers: [...layers.shown.map(String), ...layers.expressions],
      names: layers.bands.map(String),
      count,
    },
  };
}

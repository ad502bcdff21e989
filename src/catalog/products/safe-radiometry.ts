import { invalidInput, type TerrachipError } from '../../errors.js';
import { findAll, numberOf, textOf, type XmlElement } from '../../xml.js';
import { hasOffset } from '../stac/sentinel2-baseline.js';

/** The scale, offsets and special values of a Sentinel-2 product's digital numbers. */
export interface Radiometry {
  readonly quantification: number;
  readonly nodata: number;
  readonly saturated: number | null;
  /**
   * The offset added to the digital numbers of a band, by its `band_id`; 0 before baseline 04.00.
   * @throws {TerrachipError} INVALID_INPUT for a band without an offset in the metadata
   */
  offsetOf(band: number): number;
}

export function incomplete(name: string, problem: string): TerrachipError {
  return invalidInput(name, problem, 'get the whole product again');
}

/** Current names, and those of Level 2 before 2018. */
const NAMES = {
  L1C: { quantification: ['QUANTIFICATION_VALUE'], offset: 'RADIO_ADD_OFFSET' },
  L2A: {
    quantification: ['BOA_QUANTIFICATION_VALUE', 'L2A_BOA_QUANTIFICATION_VALUE'],
    offset: 'BOA_ADD_OFFSET',
  },
} as const;

/**
 * Reads the radiometry.
 * @throws {TerrachipError} INVALID_INPUT for incomplete metadata, or without an offset since 04.00
 */
export function readRadiometry(
  product: XmlElement,
  level: 'L1C' | 'L2A',
  baseline: string | null,
  name: string,
): Radiometry {
  const names = NAMES[level];
  const [quantification] = names.quantification.flatMap((each) => numberOf(product, each) ?? []);
  if (quantification === undefined || quantification <= 0)
    throw incomplete(name, 'does not declare the scale of its digital numbers (QUANTIFICATION_VALUE)');
  const offsets = new Map<number, number>();
  for (const { attributes, text } of findAll(product, names.offset)) {
    const [band, offset] = [Number(attributes.band_id), Number(text)];
    if (!Number.isInteger(band) || text === '' || !Number.isFinite(offset))
      throw incomplete(name, 'has an offset of a band that is not a number');
    offsets.set(band, offset);
  }
  if (offsets.size === 0 && hasOffset(baseline) === true)
    throw incomplete(name, `has no ${names.offset}, as products of baseline ${baseline} have`);
  const special = (wanted: string): number | null => {
    const element = findAll(product, 'Special_Values').find(
      (each) => textOf(each, 'SPECIAL_VALUE_TEXT')?.toUpperCase() === wanted,
    );
    return element === undefined ? null : numberOf(element, 'SPECIAL_VALUE_INDEX');
  };
  return {
    quantification,
    nodata: special('NODATA') ?? 0,
    saturated: special('SATURATED'),
    offsetOf(band) {
      const offset = offsets.size === 0 ? 0 : offsets.get(band);
      if (offset === undefined)
        throw incomplete(name, `has no ${names.offset} of band_id ${band}, but of others`);
      return offset;
    },
  };
}

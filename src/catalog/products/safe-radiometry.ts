import { invalidInput } from '../../errors.js';
import { findAll, numberOf, textOf, type XmlElement } from '../../xml.js';
import { hasOffset } from '../stac/sentinel2-baseline.js';

/** What the digital numbers of a product of Sentinel-2 are. */
export interface Radiometry {
  readonly quantification: number;
  readonly nodata: number;
  readonly saturated: number | null;
  /**
   * Added to the digital numbers of a band, by its `band_id`; 0 before baseline 04.00.
   * @throws {TerrachipError} INVALID_INPUT for a band that the metadata left out
   */
  offsetOf(band: number): number;
}

/** Names in products of today, and of Level 2 before 2018. */
const NAMES = {
  L1C: { quantification: ['QUANTIFICATION_VALUE'], offset: 'RADIO_ADD_OFFSET' },
  L2A: {
    quantification: ['BOA_QUANTIFICATION_VALUE', 'L2A_BOA_QUANTIFICATION_VALUE'],
    offset: 'BOA_ADD_OFFSET',
  },
} as const;

/** @throws {TerrachipError} INVALID_INPUT for metadata that does not tell, or contradicts its baseline */
export function readRadiometry(
  product: XmlElement,
  level: 'L1C' | 'L2A',
  baseline: string | null,
  name: string,
): Radiometry {
  const incomplete = (problem: string): Error => invalidInput(name, problem, 'get the whole product again');
  const names = NAMES[level];
  const [quantification] = names.quantification.flatMap((each) => numberOf(product, each) ?? []);
  if (quantification === undefined || quantification <= 0)
    throw incomplete('does not say what its digital numbers are (QUANTIFICATION_VALUE)');
  const offsets = new Map<number, number>();
  for (const { attributes, text } of findAll(product, names.offset)) {
    const [band, offset] = [Number(attributes.band_id), Number(text)];
    if (!Number.isInteger(band) || text === '' || !Number.isFinite(offset))
      throw incomplete('has an offset of a band that is no number');
    offsets.set(band, offset);
  }
  if (offsets.size === 0 && hasOffset(baseline) === true)
    throw incomplete(`has no ${names.offset}, as products of baseline ${baseline} have`);
  const special = (wanted: string): number | null => {
    const found = findAll(product, 'Special_Values').find(
      (each) => textOf(each, 'SPECIAL_VALUE_TEXT')?.toUpperCase() === wanted,
    );
    return found === undefined ? null : numberOf(found, 'SPECIAL_VALUE_INDEX');
  };
  return {
    quantification,
    nodata: special('NODATA') ?? 0,
    saturated: special('SATURATED'),
    offsetOf(band) {
      const offset = offsets.size === 0 ? 0 : offsets.get(band);
      if (offset === undefined) throw incomplete(`has no ${names.offset} of band_id ${band}, but of others`);
      return offset;
    },
  };
}

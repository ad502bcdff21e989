/**
 * Quality bands that exist but are not filled: a mask by one of them would pass every cloud without an error. Sources:
 * ESA's Sentinel-2 products specification (baseline 04.00), the notes on QA60 in the Earth Engine catalog, and the
 * Landsat collection 2 data format control books.
 */
import { invalidInput } from '../../errors.js';
import type { BitField } from '../../kernels/index.js';
import { type CatalogRow, rowName, textOf } from '../row.js';
import { baselineOf } from '../stac/sentinel2-baseline.js';
import type { QualityMask } from './options.js';

/** @throws {TerrachipError} INVALID_INPUT for a mask by a band, or a bit of it, that is not filled for the product */
export function requireFilled(row: CatalogRow, mask: QualityMask): void {
  if (typeof mask.band === 'number') return;
  const band = mask.band.toUpperCase();
  const isCloudMask = /^(QA_PIXEL|BQA|PIXEL_QA)$/.test(band);
  let reason: Reason | null = null;
  if (isSentinel2(row)) reason = unfilledSentinel2(row, band);
  else if (isEarlyLandsat(row) && isCloudMask) reason = unfilledLandsat(mask);
  if (reason === null) return;
  const [problem, remedy] = reason;
  throw invalidInput(rowName(row), `cannot be masked by ${mask.band}: ${problem}`, remedy);
}

type Reason = readonly [problem: string, remedy: string];

function isSentinel2(row: CatalogRow): boolean {
  const platform = textOf(row, 'constellation') ?? textOf(row, 'platform') ?? '';
  return /sentinel-?2/i.test(platform) || /sentinel-?2|^s2/i.test(row.collection) || /^S2[A-D]_/.test(row.id);
}

/** Baseline 04.00 replaced the cloud polygons by MSK_CLASSI; files with polygons are empty since. */
const FIRST_WITHOUT_POLYGONS = 4;

/** Earth Engine's QA60 is 0 between these dates. */
const QA60_GAP = [Date.UTC(2022, 0, 25), Date.UTC(2024, 1, 28)] as const;

function unfilledSentinel2(row: CatalogRow, band: string): Reason | null {
  if (band === 'SCL' && isLevel1C(row)) {
    return ['Sentinel-2 Level-1C has no scene classification', 'use MSK_CLASSI, or the Level-2A product'];
  }
  const baseline = baselineOf(row.properties, row.id);
  if (band.startsWith('MSK_CLOUDS') && Number(baseline) >= FIRST_WITHOUT_POLYGONS) {
    return [
      `it is empty since processing baseline 04.00, and the product is of ${baseline}`,
      'use MSK_CLASSI, or SCL of the Level-2A product',
    ];
  }
  const { start, end } = row.interval;
  if (band === 'QA60' && start >= QA60_GAP[0] && end < QA60_GAP[1]) {
    return [
      'it is not filled from 2022-01-25 to 2024-02-27',
      'use SCL of the Level-2A product, or a cloud probability',
    ];
  }
  return null;
}

function isLevel1C(row: CatalogRow): boolean {
  const words = [row.id, row.collection, textOf(row, 's2:product_type'), textOf(row, 'processing:level')];
  return words.some((word) => word !== null && /MSIL1C|S2MSI1C|sentinel-?2-?(c1-)?l1c|^L1C$/i.test(word));
}

/** Landsat 4, 5 and 7 have no cirrus band. */
export function isEarlyLandsat(row: CatalogRow): boolean {
  return /^landsat-?[457]$/i.test(textOf(row, 'platform') ?? '') || /^L[ET]0[457]_/.test(row.id);
}

function unfilledLandsat({ bits = [] }: QualityMask): Reason | null {
  const cirrus = bits
    .map(asField)
    .find(({ first, width = 1 }) => touches(first, width, 2, 1) || touches(first, width, 14, 2));
  if (cirrus === undefined) return null;
  const problem = `bit ${cirrus.first} is for cirrus, which Landsat 4 to 7 do not detect`;
  return [problem, 'leave it out for these rows'];
}

/** Adds Landsat's fill bit to a mask; other bits of fill pixels are undefined. */
export function withFill(mask: QualityMask): QualityMask {
  const isLandsat = typeof mask.band === 'string' && /^(QA_PIXEL|PIXEL_QA)$/i.test(mask.band);
  if (!isLandsat || mask.bits === undefined) return mask;
  return { ...mask, bits: [0, ...mask.bits] };
}

function asField(bits: number | BitField): BitField {
  return typeof bits === 'number' ? { first: bits } : bits;
}

function touches(first: number, width: number, from: number, count: number): boolean {
  return first < from + count && from < first + width;
}

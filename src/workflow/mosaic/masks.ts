/** Masks of the rows of a catalog by name. */
import { findBand } from '../../catalog/loaders/bands.js';
import { isEarlyLandsat } from '../../catalog/loaders/unfilled.js';
import type { CatalogRow, QualityMask } from '../../catalog/node/index.js';
import { rowName } from '../../catalog/row.js';
import { invalidInput } from '../../errors.js';
import { SCL_CLOUDS } from '../../kernels/index.js';
import type { MaskWord } from '../choices.js';

/** Bits of QA_PIXEL of Landsat's Collection 2 (data format control books): 2 cirrus, 3 cloud, 4 shadow of a cloud. */
const QA_PIXEL_CLOUDS = [2, 3, 4];

/** Landsat 4 to 7 have no bit for cirrus. */
const QA_PIXEL_EARLY = [3, 4];

/** A mask by its band, or by a word, as an option of loaders. @param dilate overrides that of the mask */
export function rowMask(
  mask: QualityMask | MaskWord | undefined,
  dilate: number | undefined,
): QualityMask | ((row: CatalogRow) => QualityMask) | undefined {
  const grown = dilate === undefined ? {} : { dilate };
  if (mask === 'scl') return { band: 'SCL', classes: SCL_CLOUDS, ...grown };
  if (mask === 'clouds') return (row) => ({ ...cloudsOf(row), ...grown });
  return mask === undefined ? undefined : { ...mask, ...grown };
}

function cloudsOf(row: CatalogRow): QualityMask {
  // A band without a number would have to be found in the file.
  const has = (band: string): boolean => (findBand(row, band)?.index ?? null) !== null;
  if (has('SCL')) return { band: 'SCL', classes: SCL_CLOUDS };
  if (has('QA_PIXEL'))
    return { band: 'QA_PIXEL', bits: isEarlyLandsat(row) ? QA_PIXEL_EARLY : QA_PIXEL_CLOUDS };
  throw invalidInput(
    rowName(row),
    'has neither of the bands SCL and QA_PIXEL, which say where clouds are',
    'name a band and its classes as the mask, or leave out such rows',
  );
}

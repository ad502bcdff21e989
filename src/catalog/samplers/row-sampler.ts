import { invalidInput } from '../../errors.js';
import { type GeoBox, TimeInterval } from '../../geo/index.js';
import { wholeWindow } from '../../geo/windows.js';
import { type CatalogRow, mainAsset } from '../row.js';
import { type PixelGrid, SampleArea, type SampleAreaOptions } from './area.js';
import { type Chip, sliceOf } from './chip.js';
import { Sequence } from './sequence.js';

/** The grid and order of chips that are whole rows. */
export interface RowSamplerOptions extends SampleAreaOptions {
  /** The pixel grid; default: that of each row's file, which the catalog must declare. */
  grid?: PixelGrid;
  /** Shuffles the rows; default: no shuffling. */
  seed?: number;
}

/**
 * Makes one chip per row, for rows that are already chips.
 * @throws {TerrachipError} INVALID_INPUT for a row without a declared grid
 */
export function rowSampler(rows: Iterable<CatalogRow>, options: RowSamplerOptions = {}): Sequence<Chip> {
  const { interval = TimeInterval.always, seed } = options;
  const chips = [...rows].flatMap((row): Omit<Chip, 'index'>[] => {
    const time = row.interval.intersection(interval);
    const geobox = time && boxOf(row, options);
    return geobox ? [{ geobox, slice: sliceOf(geobox, time), window: wholeWindow(geobox), row }] : [];
  });
  const sequence = Sequence.of(chips);
  return (seed === undefined ? sequence : sequence.shuffle(seed)).map((chip, index) => ({ ...chip, index }));
}

/** The grid of a row; null outside the region of interest. */
function boxOf(row: CatalogRow, { grid, roi }: RowSamplerOptions): GeoBox | null {
  const { geobox: like } = mainAsset(row);
  const pixels = grid ?? (like && { like });
  if (pixels === undefined) {
    const remedy = 'give a grid, or build the catalog from georeferenced files';
    throw invalidInput(`the row ${row.id}`, 'does not declare a pixel grid', remedy);
  }
  if (like !== undefined && grid === undefined && roi === undefined) return like;
  const area = SampleArea.of([row], pixels);
  return roi === undefined ? area.geobox : (area.inRegion(roi)?.geobox ?? null);
}

import { invalidInput } from '../../errors.js';
import type { GeoBox } from '../../geo/index.js';
import type { CatalogRow } from '../row.js';
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
  const { interval, seed } = options;
  const inTime = [...rows].filter((row) => interval === undefined || row.interval.intersects(interval));
  const chips = inTime.flatMap((row): Omit<Chip, 'index'>[] => {
    const geobox = boxOf(row, options);
    if (geobox === null) return [];
    const time = (interval && row.interval.intersection(interval)) ?? row.interval;
    const window = { x: 0, y: 0, width: geobox.width, height: geobox.height };
    return [{ geobox, slice: sliceOf(geobox, time), window, row }];
  });
  const sequence = Sequence.of(chips);
  return (seed === undefined ? sequence : sequence.shuffle(seed)).map((chip, index) => ({ ...chip, index }));
}

/** The grid of a row; null outside the region of interest. */
function boxOf(row: CatalogRow, { grid, roi }: RowSamplerOptions): GeoBox | null {
  const assets = Object.values(row.assets);
  const own = (assets.find(({ href }) => href === row.href) ?? assets[0])?.geobox;
  if (grid === undefined && own === undefined) {
    throw invalidInput(
      `the row ${row.id}`,
      'does not declare a pixel grid',
      'give a grid, or build the catalog from georeferenced files',
    );
  }
  const pixels = grid ?? (own && { like: own });
  if (pixels === undefined || (roi === undefined && grid === undefined)) return own ?? null;
  const area = SampleArea.of([row], pixels);
  return roi === undefined ? area.geobox : (area.inRegion(roi)?.geobox ?? null);
}

import { invalidInput } from '../../errors.js';
import type { GeoBox } from '../../geo/index.js';
import type { CatalogRow } from '../row.js';
import { type PixelGrid, SampleArea, type SampleAreaOptions } from './area.js';
import { type Chip, sliceOf } from './chip.js';
import { Sequence } from './sequence.js';

/** Chips that are rows as they are. */
export interface RowSamplerOptions extends SampleAreaOptions {
  /** The pixels to see rows on; default: those of each row's own file, which its catalog must know. */
  grid?: PixelGrid;
  /** Shuffles the rows; default: their own order. */
  seed?: number;
}

/**
 * Rows that are chips already: each as it is, once.
 * @throws {TerrachipError} INVALID_INPUT for a row whose pixels are not known
 */
export function rowSampler(rows: Iterable<CatalogRow>, options: RowSamplerOptions = {}): Sequence<Chip> {
  const { interval, seed } = options;
  const inTime = [...rows].filter((row) => interval === undefined || row.interval.intersects(interval));
  const places = inTime.flatMap((row): Omit<Chip, 'index'>[] => {
    const geobox = boxOf(row, options);
    if (geobox === null) return [];
    const time = (interval && row.interval.intersection(interval)) ?? row.interval;
    const window = { x: 0, y: 0, width: geobox.width, height: geobox.height };
    return [{ geobox, slice: sliceOf(geobox, time), window, row }];
  });
  const sequence = Sequence.of(places);
  return (seed === undefined ? sequence : sequence.shuffle(seed)).map((place, index) => ({
    ...place,
    index,
  }));
}

/** The pixels of a row; null where none lies in the region of interest. */
function boxOf(row: CatalogRow, { grid, roi }: RowSamplerOptions): GeoBox | null {
  const assets = Object.values(row.assets);
  const own = (assets.find(({ href }) => href === row.href) ?? assets[0])?.geobox;
  if (grid === undefined && own === undefined) {
    throw invalidInput(
      `the row ${row.id}`,
      'does not say which pixels it has',
      'give a grid, or build the catalog from files that say it',
    );
  }
  const pixels = grid ?? (own && { like: own });
  if (pixels === undefined || (roi === undefined && grid === undefined)) return own ?? null;
  const area = SampleArea.of([row], pixels);
  return roi === undefined ? area.geobox : (area.inRegion(roi)?.geobox ?? null);
}

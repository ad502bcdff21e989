/** Finds rows without an index: by the statistics of row groups, then by the boxes and times of rows. */
import type { Bounds } from '../../geo/index.js';
import type { ReadOptions } from '../../io/index.js';
import type { ColumnStatistics, ParquetFile, RowGroup } from '../../parquet/file.js';
import { boxesTouch } from '../relate.js';
import type { IndexEntry, IndexQuery } from './index-search.js';
import { type CatalogLayout, valuesAt } from './layout.js';
import { boxOfValue } from './stac.js';

/** All rows whose box and time touch those of the query. */
export async function candidatesOf(
  file: ParquetFile,
  layout: CatalogLayout,
  query: IndexQuery,
  options: ReadOptions,
): Promise<IndexEntry[]> {
  const needsBoxes = query.boxes !== null && layout.hasBoxes;
  const names = needsBoxes ? ['bbox', ...layout.times] : layout.times;
  const found: IndexEntry[] = [];
  for (const group of file.groups) {
    if (!mayMeet(file, layout, group, query)) continue;
    const columns = await file.readColumns(group, names, null, options);
    for (let k = 0; k < group.rows; k++) {
      const values = valuesAt(columns, k);
      const { start, end } = layout.interval(values);
      if (start > query.end || end < query.start) continue;
      const box = searched(boxOfValue(values.bbox), layout);
      // A row without a box has no place.
      if (needsBoxes && box === null) continue;
      const isNear =
        query.boxes === null || box === null || query.boxes.some((each) => boxesTouch(box, each));
      if (isNear) found.push({ row: group.start + k, box: box ?? WORLD, start, end });
    }
  }
  return found;
}

function mayMeet(file: ParquetFile, layout: CatalogLayout, group: RowGroup, query: IndexQuery): boolean {
  const bound = (path: string): ColumnStatistics | null => file.statistics(group, path);
  if (layout.catalog !== null) {
    // A start or an end that is null is open.
    const start = bound('start_time');
    const end = bound('end_time');
    if (start?.nulls === 0 && isAbove(start.min, query.end)) return false;
    if (end?.nulls === 0 && isBelow(end.max, query.start)) return false;
  }
  if (query.boxes === null || !layout.hasBoxes) return true;
  const [x0, y0, x1, y1] = ['bbox.xmin', 'bbox.ymin', 'bbox.xmax', 'bbox.ymax'].map(bound);
  // Other writers leave out boxes, write xmin above xmax across the antimeridian, or continue beyond 180: then statistics
  // do not bound the row group.
  if (layout.catalog === null && Number(x0?.nulls) > 0) return true;
  const isWithin = Number(x0?.min) >= -180 && Number(x1?.max) <= 180;
  const ordered = layout.catalog !== null || (isWithin && !(Number(x0?.max) > Number(x1?.min)));
  return query.boxes.some((box) => {
    if (isAbove(y0?.min, box[3]) || isBelow(y1?.max, box[1])) return false;
    return !ordered || !(isAbove(x0?.min, box[2]) || isBelow(x1?.max, box[0]));
  });
}

function isAbove(value: unknown, limit: number): boolean {
  return typeof value === 'number' && value > limit;
}

function isBelow(value: unknown, limit: number): boolean {
  return typeof value === 'number' && value < limit;
}

const WORLD: Bounds = [-180, -90, 180, 90];

/** The box that contains a row's footprint: all longitudes if another writer's box crosses the antimeridian or exceeds 180. */
function searched(box: Bounds | null, layout: CatalogLayout): Bounds | null {
  if (layout.catalog !== null) return box;
  if (box === null) return WORLD;
  return box[0] > box[2] || box[0] < -180 || box[2] > 180 ? [-180, box[1], 180, box[3]] : box;
}

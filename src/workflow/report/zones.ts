/** The table of zones in a report. */
import { join } from 'node:path';
import { memberOf } from '../../json/keys.js';
import type { OperationOptions } from '../../progress.js';
import { formatNumber, formatPercent } from '../../text.js';
import { isName, NAME_PROPERTIES } from '../evaluate/zones.js';
import type { MapFolder } from '../map-folder.js';
import { type ZonalRow, zonalStatistics } from '../zonal/zonal.js';

export interface ZoneTable {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Most zones of a table. */
const MOST_ZONES = 500;

/** Areas of the classes by zone, or the mean of quantities. Pixels count whose centre lies in the zone. */
export async function zoneTable(
  { path, classes, multilabel, values }: MapFolder,
  zones: string,
  { signal }: Pick<OperationOptions, 'signal'>,
): Promise<ZoneTable> {
  const options = { zones, signal };
  if (classes.length === 0) {
    const bands = values.map((_, k) => k + 1);
    const found = await zonalStatistics({
      ...options,
      source: join(path, 'values.tif'),
      bands,
      statistics: ['mean'],
    });
    const rows = byZone(found, bands.length).map((own) => [
      nameOf(own[0]),
      ...own.map(({ statistics }) => formatNumber(statistics.mean ?? null)),
    ]);
    return bounded('Means by zone', ['Zone', ...values.map(({ name }) => name)], rows);
  }
  const expressions = classes.map((_, k) =>
    multilabel ? `where(b${k + 1} == 1, 1, nan)` : `where(b1 == ${k}, 1, nan)`,
  );
  // The last is the area with data.
  expressions.push('where(valid(b1), 1, nan)');
  const source = join(path, 'classes.tif');
  const found = await zonalStatistics({ ...options, source, expressions, statistics: ['area'] });
  const rows = byZone(found, expressions.length).map((own) => {
    const areas = own.map(({ statistics }) => statistics.area ?? 0);
    const valid = areas[classes.length];
    return [
      nameOf(own[0]),
      ...classes.flatMap((_, k) => [
        formatNumber(areas[k] / 1e6, 2),
        formatPercent(valid === 0 ? null : areas[k] / valid),
      ]),
    ];
  });
  const head = ['Zone', ...classes.flatMap(({ name }) => [`${name}, km²`, `${name}, share`])];
  return bounded('Areas by zone, as far as the map has data', head, rows);
}

function byZone(rows: readonly ZonalRow[], each: number): ZonalRow[][] {
  return Array.from({ length: rows.length / each }, (_, k) => rows.slice(k * each, (k + 1) * each));
}

function nameOf({ zone, properties }: ZonalRow): string {
  const key = NAME_PROPERTIES.find((name) => isName(memberOf(properties, name)));
  return key === undefined ? String(zone) : String(properties[key]);
}

function bounded(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): ZoneTable {
  const left = rows.length - MOST_ZONES;
  return {
    caption: left > 0 ? `${caption}; ${left} more are left out` : caption,
    head,
    rows: rows.slice(0, MOST_ZONES),
  };
}

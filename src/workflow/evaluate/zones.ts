/** Zones for zonal statistics. They may overlap. Features with the same name form one zone. */

import { invalidInput } from '../../errors.js';
import { type GeoBox, noOverlap, type RowRange } from '../../geo/index.js';
import { memberOf } from '../../json/keys.js';
import { csvLine } from '../../text.js';
import { placeOf } from '../../vector/features.js';
import {
  type AreaFeatures,
  polygonArea,
  Rasterizer,
  type ReadVectorOptions,
  readAreas,
} from '../../vector/node/index.js';

import type { Metrics } from './metrics.js';
import type { Statistics } from './statistics.js';

export interface ZoneArea {
  readonly name: string;
  /** Area of its polygons in km², including parts outside of the map. */
  readonly km2: number;
}

/** Default properties with the name of a zone, in order. */
export const NAME_PROPERTIES = ['name', 'NAME', 'Name', 'id', 'ID'];

export class Zones {
  #stamps = new Uint32Array(0);
  #stamp = 0;

  private constructor(
    readonly zones: readonly ZoneArea[],
    private readonly features: readonly number[][],
    private readonly rasterizer: Rasterizer,
  ) {}

  /**
   * @param property with a zone's name (default: the first of name, NAME, Name, id, ID that all have; else zones are
   * numbered from 1)
   * @throws {TerrachipError} INVALID_INPUT for zones without that property, or without overlap with the map
   */
  static async open(
    path: string,
    geobox: GeoBox,
    property: string | undefined,
    read: ReadVectorOptions = {},
  ): Promise<Zones> {
    const areas = await readAreas(path, read);
    const rasterizer = new Rasterizer(areas, geobox);
    if (!rasterizer.isNear) throw noOverlap(path, placeOf(areas), 'the map', geobox);
    const byName = new Map<string, number[]>();
    for (const [k, name] of namesOf(areas, property).entries()) {
      byName.set(name, [...(byName.get(name) ?? []), k]);
    }
    const zones = [...byName].map(([name, features]) => ({
      name,
      km2: features.reduce((sum, k) => sum + polygonArea(areas.features[k].polygons, areas.crs), 0) / 1e6,
    }));
    return new Zones(zones, [...byName.values()], rasterizer);
  }

  /** Calls `onPixel` once for each pixel of each zone in `rows`, with its index (row, x) from `rows.start`. */
  visit(rows: RowRange, onPixel: (zone: number, index: number) => void): void {
    const { width } = this.rasterizer.geobox;
    const size = (rows.end - rows.start) * width;
    if (this.#stamps.length < size) this.#stamps = new Uint32Array(size);
    for (const [zone, features] of this.features.entries()) {
      this.#stamp++;
      for (const feature of features) {
        this.rasterizer.spans(feature, rows, (row, start, end) => {
          const first = (row - rows.start) * width;
          for (let i = first + start; i < first + end; i++) {
            if (this.#stamps[i] === this.#stamp) continue;
            this.#stamps[i] = this.#stamp;
            onPixel(zone, i);
          }
        });
      }
    }
  }
}

function namesOf({ name, features }: AreaFeatures, property: string | undefined): string[] {
  const key =
    property ??
    NAME_PROPERTIES.find((candidate) => features.every(({ properties }) => isName(properties[candidate])));
  if (key === undefined) return features.map((_, k) => String(k + 1));
  return features.map(({ properties }) => {
    const value = memberOf(properties, key);
    if (!isName(value)) {
      const has = Object.keys(properties).join(', ');
      const problem = `has a zone without the property ${key}${has === '' ? '' : ` (it has ${has})`}`;
      throw invalidInput(name, problem, 'choose another with `zoneName`');
    }
    return String(value);
  });
}

/** Whether a property can be the name of a zone. */
export function isName(value: unknown): value is string | number {
  return (typeof value === 'string' && value !== '') || typeof value === 'number';
}

/** `zones.csv` (RFC 4180): one row per zone, with areas and, if there is a label, IoU by class. Null without zones. */
export function zonesTable(statistics: Statistics, metrics: Metrics | null): string | null {
  const { zones } = statistics;
  if (zones === null) return null;
  const classes = statistics.classes.map(({ name }) => name);
  const header = ['zone', 'km2', 'valid_km2', 'valid_share', ...classes.map((name) => `${name}_km2`)];
  if (metrics !== null) header.push('evaluated_pixels', ...classes.map((name) => `${name}_iou`));
  const rows = zones.map((zone, k) => {
    const row: (string | number | null)[] = [zone.name, zone.km2, zone.validKm2, zone.validShare];
    row.push(...zone.classes.map(({ km2 }) => km2));
    const scores = metrics?.zones?.[k];
    if (scores !== undefined) row.push(scores.evaluatedPixels, ...scores.classes.map(({ iou }) => iou));
    return row;
  });
  return [header, ...rows].map(csvLine).join('');
}

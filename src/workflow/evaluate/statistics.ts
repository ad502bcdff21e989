/** `statistics.json`: the areas of a map's classes, in km², and its valid share. */
import type { PixelAreas } from '../../geo/index.js';
import { CLASS_NODATA } from '../classes.js';
import { ratio } from './metrics.js';
import type { ZoneArea } from './zones.js';

export const STATISTICS_SCHEMA_VERSION = 1;

/** The area of one class. */
export interface ClassArea {
  name: string;
  pixels: number;
  km2: number;
  /** Share of the valid area. */
  share: number | null;
}

/** Areas of the classes inside a zone, in km². */
export interface ZoneStatistics {
  name: string;
  /** Area of the zone's polygons, including parts outside of the map. */
  km2: number;
  validKm2: number;
  /** `validKm2` / `km2`. */
  validShare: number | null;
  classes: { name: string; km2: number }[];
}

/** The mapped water inside and outside permanent water. */
export interface WaterSplit {
  source: string;
  /** Permanent water in the valid part of the map. */
  permanentWaterKm2: number;
  /** The share of it that the map has as the positive class. */
  mappedShare: number | null;
  /** The map's positive class inside permanent water. */
  permanentKm2: number;
  /** The map's positive class outside permanent water. */
  floodKm2: number;
}

/** The document `statistics.json`: areas on the WGS 84 ellipsoid, in km². */
export interface Statistics {
  schemaVersion: typeof STATISTICS_SCHEMA_VERSION;
  /** The whole grid. */
  totalKm2: number;
  /** The pixels with data. */
  validKm2: number;
  validShare: number | null;
  classes: ClassArea[];
  /** The limit on the area of components and its effect; null for no limit. */
  minArea: { squareMetres: number; removedPixels: number } | null;
  permanentWater: WaterSplit | null;
  zones: ZoneStatistics[] | null;
}

/** Sums areas by class. */
export class AreaTally {
  readonly #pixels: number[];
  readonly #squareMetres: number[];
  #total = 0;

  constructor(
    private readonly classes: readonly string[],
    private readonly areas: PixelAreas,
    private readonly width: number,
  ) {
    this.#pixels = classes.map(() => 0);
    this.#squareMetres = classes.map(() => 0);
  }

  /** @param map class numbers of whole rows, from row `start` */
  add(map: Uint8Array, start: number): void {
    for (let first = 0; first < map.length; first += this.width) {
      const areas = this.areas.row(start + first / this.width);
      for (let x = 0; x < this.width; x++) {
        const value = map[first + x];
        this.#total += areas[x];
        if (value === CLASS_NODATA) continue;
        this.#pixels[value]++;
        this.#squareMetres[value] += areas[x];
      }
    }
  }

  describe(
    extras: Pick<Statistics, 'minArea' | 'permanentWater' | 'zones'> = {
      minArea: null,
      permanentWater: null,
      zones: null,
    },
  ): Statistics {
    const valid = this.#squareMetres.reduce((sum, area) => sum + area, 0);
    return {
      schemaVersion: STATISTICS_SCHEMA_VERSION,
      totalKm2: this.#total / 1e6,
      validKm2: valid / 1e6,
      validShare: ratio(valid, this.#total),
      classes: this.classes.map((name, value) => ({
        name,
        pixels: this.#pixels[value],
        km2: this.#squareMetres[value] / 1e6,
        share: ratio(this.#squareMetres[value], valid),
      })),
      ...extras,
    };
  }
}

/** @param squareMetres areas by zone and class */
export function describeZones(
  zones: readonly ZoneArea[],
  classes: readonly string[],
  squareMetres: readonly (readonly number[])[],
): ZoneStatistics[] {
  return zones.map(({ name, km2 }, zone) => {
    const validKm2 = squareMetres[zone].reduce((sum, area) => sum + area, 0) / 1e6;
    return {
      name,
      km2,
      validKm2,
      validShare: ratio(validKm2, km2),
      classes: classes.map((className, c) => ({ name: className, km2: squareMetres[zone][c] / 1e6 })),
    };
  });
}

/** `statistics.json`: the areas of a map's classes in km², or its values, and its valid share. */
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

/** A quantity over the pixels with data; null without any. */
export interface ValueStatistics {
  name: string;
  units?: string;
  pixels: number;
  min: number | null;
  mean: number | null;
  max: number | null;
  /** Standard deviation of the pixels. */
  std: number | null;
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
  /** The share of it that is the positive class in the map. */
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
  /** Empty for a regression. Where classes do not exclude each other, their areas overlap. */
  classes: ClassArea[];
  /** The quantities of a regression. */
  values?: ValueStatistics[];
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
  #valid = 0;
  /** Pixels without data. */
  nodataPixels = 0;

  /** @param apart whether each class has a band with 1 in its pixels; else a single band has class numbers */
  constructor(
    private readonly classes: readonly string[],
    private readonly areas: PixelAreas,
    private readonly width: number,
    private readonly apart = false,
  ) {
    this.#pixels = classes.map(() => 0);
    this.#squareMetres = classes.map(() => 0);
  }

  /** @param bands of whole rows, from row `start` */
  add(bands: readonly Uint8Array[], start: number): void {
    const [map] = bands;
    for (let first = 0; first < map.length; first += this.width) {
      const areas = this.areas.row(start + first / this.width);
      for (let x = 0; x < this.width; x++) {
        const value = map[first + x];
        this.#total += areas[x];
        if (value === CLASS_NODATA) {
          this.nodataPixels++;
          continue;
        }
        this.#valid += areas[x];
        if (!this.apart) this.#count(value, areas[x]);
        else for (const [k, band] of bands.entries()) if (band[first + x] === 1) this.#count(k, areas[x]);
      }
    }
  }

  #count(value: number, area: number): void {
    this.#pixels[value]++;
    this.#squareMetres[value] += area;
  }

  describe(
    extras: Pick<Statistics, 'minArea' | 'permanentWater' | 'zones'> = {
      minArea: null,
      permanentWater: null,
      zones: null,
    },
  ): Statistics {
    const valid = this.#valid;
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

/** Sums the values of a quantity. */
export class ValueTally {
  #pixels = 0;
  #min = Infinity;
  #max = -Infinity;
  /** Sums of differences from the first value, which do not cancel. */
  #first = 0;
  #sum = 0;
  #squares = 0;

  constructor(private readonly layer: { readonly name: string; readonly units?: string | undefined }) {}

  /** @param values NaN for no data */
  add(values: Float32Array): void {
    for (const value of values) {
      if (Number.isNaN(value)) continue;
      if (this.#pixels++ === 0) this.#first = value;
      const difference = value - this.#first;
      this.#sum += difference;
      this.#squares += difference * difference;
      this.#min = Math.min(this.#min, value);
      this.#max = Math.max(this.#max, value);
    }
  }

  describe(): ValueStatistics {
    const pixels = this.#pixels;
    if (pixels === 0) return { ...this.layer, pixels, min: null, mean: null, max: null, std: null };
    const mean = this.#sum / pixels;
    const std = Math.sqrt(Math.max(0, this.#squares / pixels - mean ** 2));
    return { ...this.layer, pixels, min: this.#min, mean: this.#first + mean, max: this.#max, std };
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

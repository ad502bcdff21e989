/** Scores of a regression: its values against those of a raster, beside the raster's mean. */
import { join } from 'node:path';
import { invalidOption } from '../../errors.js';
import { gridStrips, PixelAreas, type RowRange } from '../../geo/index.js';
import { requireApart } from '../../io/node/inputs.js';
import { writeJson } from '../../io/node/output.js';
import { reportProgress } from '../../progress.js';
import { openRaster, readPixels } from '../../raster/node/index.js';
import { isAbove } from '../classes.js';
import { isAreasPath } from '../flood-areas.js';
import type { MapFolder } from '../map-folder.js';
import { requireGeobox } from '../target-grid.js';
import type { Assessment, AssessOptions } from './evaluate.js';
import { RasterLayer } from './layers.js';
import { ratio } from './metrics.js';
import { AreaTally, ValueTally } from './statistics.js';

/** Scores of a quantity; null where nothing could be compared. */
export interface ValueMetrics {
  name: string;
  units?: string;
  /** Pixels with data in the map and the label. */
  pixels: number;
  /** Root of the mean squared difference. */
  rmse: number | null;
  /** Mean absolute difference. */
  mae: number | null;
  /** Mean of map − label. */
  bias: number | null;
  /** 1 − Σ (map − label)² / Σ (label − mean)²; null for a label of one value. */
  r2: number | null;
  /** A map with the label's mean everywhere. */
  baseline: { value: number | null; rmse: number | null; mae: number | null };
}

/** The document `metrics.json` of a regression. */
const METRICS_OF_VALUES_VERSION = 1;

/** Options for maps with one class per pixel only. */
const OF_CLASSES = [
  'labelClass',
  'classProperty',
  'positiveClass',
  'permanentWater',
  'minArea',
  'zones',
  'labelMap',
] as const;

/** @param kind of the map @throws {TerrachipError} INVALID_OPTION for an option that needs one class per pixel */
export function refuseClassOptions(options: AssessOptions, kind: string): void {
  const given = OF_CLASSES.find((name) => options[name] !== undefined);
  if (given !== undefined) throw invalidOption(given, `has no meaning for ${kind}`, 'leave it out');
}

/** Measures a map of values, and scores it against a raster of the same quantities. Writes the files of `assessMap`. */
export async function assessValues(folder: MapFolder, options: AssessOptions): Promise<Assessment> {
  const { label, signal } = options;
  refuseClassOptions(options, 'a map of values');
  if (options.labels !== undefined) {
    throw invalidOption('labels', 'has no meaning for a map of values', 'give `label`');
  }
  if (label !== undefined && isAreasPath(label)) {
    throw invalidOption('label', `cannot be ${label}`, 'give a raster of the quantity');
  }
  const written = ['statistics.json', 'metrics.json'].map((file) => join(options.map, file));
  await requireApart(written, label === undefined ? [] : [label]);
  await using map = await openRaster(join(options.map, 'values.tif'), { signal });
  const geobox = requireGeobox(map);
  const areas = new AreaTally([], new PixelAreas(geobox), geobox.width, true);
  const tallies = folder.values.map((value) => new ValueTally(value));
  const compared = folder.values.map(() => new Comparison());
  const labels: RasterLayer[] = [];
  const readMap = async ({ start, end }: RowRange): Promise<Float32Array[]> => {
    const window = { x: 0, y: start, width: map.width, height: end - start };
    const { planes, valid } = await readPixels(map, { window, signal });
    return planes.map((plane, k) => Float32Array.from(plane, (v, i) => (valid[k][i] === 0 ? Number.NaN : v)));
  };
  const eachStrip = async (
    stage: string,
    visit: (planes: Float32Array[], truth: Float32Array[], rows: RowRange) => void,
  ): Promise<void> => {
    for (const rows of gridStrips(geobox)) {
      signal?.throwIfAborted();
      const truth: Float32Array[] = [];
      for (const layer of labels) truth.push(await layer.readRows(rows, signal));
      visit(await readMap(rows), truth, rows);
      reportProgress(options, stage, rows.end, geobox.height, 'rows');
    }
  };
  try {
    // Band 1 is that of the first quantity, unless `band` says otherwise.
    const first = options.band ?? 1;
    for (const k of label === undefined ? [] : folder.values.keys()) {
      const reading = { band: first + k, resampling: 'bilinear' } as const;
      labels.push(await RasterLayer.open(String(label), geobox, reading, signal));
    }
    await eachStrip('evaluate', (planes, truth, rows) => {
      areas.add([isAbove(planes[0], 0)], rows.start);
      for (const [k, plane] of planes.entries()) tallies[k].add(plane);
      for (const [k, values] of truth.entries()) compared[k].add(planes[k], values);
    });
    // The mean absolute difference from the mean needs the mean.
    if (labels.length > 0) {
      await eachStrip('baseline', (planes, truth) => {
        for (const [k, values] of truth.entries()) compared[k].addDeviation(planes[k], values);
      });
    }
  } finally {
    for (const layer of labels) await layer.dispose();
  }
  const statistics = { ...areas.describe(), values: tallies.map((tally) => tally.describe()) };
  const values = folder.values.map((value, k) => ({ ...value, ...compared[k].describe() }));
  await writeJson(join(options.map, 'statistics.json'), statistics);
  if (label === undefined) return { metrics: null, statistics, values: null };
  const document = { schemaVersion: METRICS_OF_VALUES_VERSION, label, values };
  await writeJson(join(options.map, 'metrics.json'), document);
  return { metrics: null, statistics, values };
}

/** Sums over the pixels with data in a map and its label. */
class Comparison {
  #pixels = 0;
  #difference = 0;
  #absolute = 0;
  #squares = 0;
  /** Sums of the label's differences from its first value, which do not cancel. */
  #first = 0;
  #label = 0;
  #labelSquares = 0;
  #deviation = 0;

  add(map: Float32Array, label: Float32Array): void {
    for (let i = 0; i < map.length; i++) {
      const difference = map[i] - label[i];
      if (Number.isNaN(difference)) continue;
      if (this.#pixels++ === 0) this.#first = label[i];
      this.#difference += difference;
      this.#absolute += Math.abs(difference);
      this.#squares += difference * difference;
      const shifted = label[i] - this.#first;
      this.#label += shifted;
      this.#labelSquares += shifted * shifted;
    }
  }

  /** A second pass over the same pixels. */
  addDeviation(map: Float32Array, label: Float32Array): void {
    const mean = this.#first + this.#label / this.#pixels;
    for (let i = 0; i < map.length; i++) {
      if (!Number.isNaN(map[i] - label[i])) this.#deviation += Math.abs(label[i] - mean);
    }
  }

  describe(): Omit<ValueMetrics, 'name' | 'units'> {
    const n = this.#pixels;
    const variation = Math.max(0, this.#labelSquares - this.#label ** 2 / Math.max(1, n));
    const root = (sum: number): number | null => (n === 0 ? null : Math.sqrt(sum / n));
    const unexplained = ratio(this.#squares, variation);
    return {
      pixels: n,
      rmse: root(this.#squares),
      mae: ratio(this.#absolute, n),
      bias: ratio(this.#difference, n),
      r2: unexplained === null ? null : 1 - unexplained,
      baseline: {
        value: n === 0 ? null : this.#first + this.#label / n,
        rmse: root(variation),
        mae: ratio(this.#deviation, n),
      },
    };
  }
}

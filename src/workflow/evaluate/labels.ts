/** Scores of a map whose classes do not exclude each other: each class against a label of its own. */
import { join } from 'node:path';
import { invalidInput, invalidOption } from '../../errors.js';
import { type GeoBox, gridStrips, PixelAreas } from '../../geo/index.js';
import { writeJson } from '../../io/node/output.js';
import { reportProgress } from '../../progress.js';
import { openRaster, readPixels } from '../../raster/node/index.js';
import { CLASS_NODATA } from '../classes.js';
import { isAreasPath } from '../flood-areas.js';
import type { MapFolder } from '../map-folder.js';
import { requireGeobox } from '../target-grid.js';
import type { Assessment, AssessOptions } from './evaluate.js';
import { findClass } from './label.js';
import { type GridLayer, openMask, RasterLayer } from './layers.js';
import { type BinaryCounts, type BinaryScores, binaryScores, ratio } from './metrics.js';
import { refuseClassOptions } from './regression.js';
import { AreaTally } from './statistics.js';

/** Scores of a class that does not exclude others; null where a denominator is 0, and for a class without a label. */
export interface LabelMetrics extends BinaryScores {
  name: string;
  /** Pixels that are valid in the map and known in the label of the class. */
  pixels: number;
  /** Share of these pixels that have the class in the label. */
  labelShare: number | null;
  counts: BinaryCounts;
  /** A map with the class everywhere or nowhere, whichever is more frequent in the label. */
  baseline: BinaryScores & { everywhere: boolean };
}

/** The document `metrics.json` of classes that do not exclude each other. */
const METRICS_OF_LABELS_VERSION = 1;

/** Measures a map of several labels, and scores its classes. Writes the files of `assessMap`. */
export async function assessLabels(folder: MapFolder, options: AssessOptions): Promise<Assessment> {
  const { label, labels, signal } = options;
  refuseClassOptions(options, 'a map whose classes do not exclude each other');
  await using map = await openRaster(join(options.map, 'classes.tif'), { signal });
  const geobox = requireGeobox(map);
  const names = folder.classes.map(({ name }) => name);
  const areas = new AreaTally(names, new PixelAreas(geobox), geobox.width, true);
  const counts = names.map(() => new Counts());
  const layers = await openLayers(names, geobox, options);
  try {
    for (const rows of gridStrips(geobox)) {
      signal?.throwIfAborted();
      const window = { x: 0, y: rows.start, width: map.width, height: rows.end - rows.start };
      const { planes, valid } = await readPixels(map, { window, signal });
      const bands = planes.map((plane, k) =>
        Uint8Array.from(plane, (value, i) => (valid[k][i] === 0 ? CLASS_NODATA : Number(value))),
      );
      areas.add(bands, rows.start);
      for (const [k, layer] of layers) counts[k].add(bands[k], await layer.readRows(rows, signal));
      reportProgress(options, 'evaluate', rows.end, geobox.height, 'rows');
    }
  } finally {
    for (const layer of layers.values()) await layer.dispose();
  }
  const statistics = areas.describe();
  await writeJson(join(options.map, 'statistics.json'), statistics);
  if (layers.size === 0) return { metrics: null, statistics, labels: null };
  const scores = names.map((name, k) => ({ name, ...counts[k].describe() }));
  const document = {
    schemaVersion: METRICS_OF_LABELS_VERSION,
    label: label ?? labels,
    classes: scores,
  };
  await writeJson(join(options.map, 'metrics.json'), document);
  return { metrics: null, statistics, labels: scores };
}

/** The label of each class, by its number: the bands of a raster, or a file per class. */
async function openLayers(
  names: readonly string[],
  geobox: GeoBox,
  { label, labels, band, sourceCrs: crs, encoding, signal, onProgress }: AssessOptions,
): Promise<Map<number, GridLayer>> {
  const layers = new Map<number, GridLayer>();
  try {
    for (const [name, path] of Object.entries(labels ?? {})) {
      const k = findClass('labels', name, names);
      layers.set(k, await openMask(path, geobox, { crs, encoding, signal, onProgress }));
    }
    if (label === undefined) return layers;
    if (isAreasPath(label)) {
      const remedy = `say which class they are, as \`labels\`: ${names[0]}=${label}`;
      throw invalidOption('label', `cannot be the polygons ${label} for ${names.length} classes`, remedy);
    }
    for (const k of names.keys()) {
      const reading = { band: (band ?? 1) + k, resampling: 'nearest', unscale: false } as const;
      const layer = await RasterLayer.open(label, geobox, reading, signal);
      layers.set(k, layer);
      const found = layer.raster.bands.length;
      if (found >= (band ?? 1) - 1 + names.length) continue;
      const problem = `has ${found} bands, and the map has the classes ${names.join(', ')}`;
      throw invalidInput(label, problem, 'give a band per class, or a file per class with `labels`');
    }
    return layers;
  } catch (error) {
    for (const layer of layers.values()) await layer.dispose();
    throw error;
  }
}

/** Counts of a class. */
class Counts {
  readonly #counts: BinaryCounts = {
    truePositives: 0,
    falsePositives: 0,
    falseNegatives: 0,
    trueNegatives: 0,
  };

  /** @param map 1 in pixels of the class @param label above 0 in pixels of the class, NaN where it is unknown */
  add(map: Uint8Array, label: Float32Array): void {
    const counts = this.#counts;
    for (let i = 0; i < map.length; i++) {
      if (map[i] === CLASS_NODATA || Number.isNaN(label[i])) continue;
      const mapped = map[i] === 1;
      if (label[i] > 0) counts[mapped ? 'truePositives' : 'falseNegatives']++;
      else counts[mapped ? 'falsePositives' : 'trueNegatives']++;
    }
  }

  describe(): Omit<LabelMetrics, 'name'> {
    const { truePositives, falsePositives, falseNegatives, trueNegatives } = this.#counts;
    const [positives, negatives] = [truePositives + falseNegatives, falsePositives + trueNegatives];
    const everywhere = positives > negatives;
    const baseline = {
      truePositives: everywhere ? positives : 0,
      falsePositives: everywhere ? negatives : 0,
      falseNegatives: everywhere ? 0 : positives,
      trueNegatives: everywhere ? 0 : negatives,
    };
    return {
      pixels: positives + negatives,
      labelShare: ratio(positives, positives + negatives),
      counts: { ...this.#counts },
      ...binaryScores(this.#counts),
      baseline: { everywhere, ...binaryScores(baseline) },
    };
  }
}

/** Scores of a map whose classes exclude each other: areas, scores against a label and baselines, and zones. */
import { join } from 'node:path';
import { invalidOption } from '../../errors.js';
import { type GeoBox, gridStrips, PixelAreas, type RowRange } from '../../geo/index.js';
import { writeFileAtomically, writeJson } from '../../io/node/output.js';
import { reportProgress } from '../../progress.js';
import { openRaster, type Raster, readPixels } from '../../raster/node/index.js';
import type { ReadVectorOptions } from '../../vector/node/index.js';
import { CLASS_NODATA } from '../classes.js';
import type { MapFolder } from '../map-folder.js';
import { drawMap } from '../picture/map-picture.js';
import { requireGeobox } from '../target-grid.js';
import { type OpenBaselines, openBaselines } from './baselines.js';
import type { Assessment, AssessOptions } from './evaluate.js';
import { describeFindings, MAJORITY } from './findings.js';
import { openLabel, requireNumbering } from './label.js';
import { type GridLayer, openMask } from './layers.js';
import {
  type BaselineMetrics,
  binaryCounts,
  binaryScores,
  type ConfusionMetrics,
  METRICS_SCHEMA_VERSION,
  type Metrics,
  ratio,
  sum,
  type ZoneMetrics,
} from './metrics.js';
import { findPositive } from './positive-class.js';
import { Sieve } from './sieve.js';
import { AreaTally, describeZones, type Statistics } from './statistics.js';
import { BaselineTally, ConfusionTally, exclusionOf, PermanentWaterTally } from './tally.js';
import { Zones, zonesTable } from './zones.js';

/** Measures a map of classes, and scores it against a label. Writes the files of `assessMap`. */
export async function assessClasses(folder: MapFolder, options: AssessOptions): Promise<Assessment> {
  const { signal, onProgress } = options;
  await using map = await openRaster(join(options.map, 'classes.tif'), { signal });
  await using job = new Job(folder, map, options);
  const assessment = await job.run();
  await writeJson(join(options.map, 'statistics.json'), assessment.statistics);
  if (assessment.metrics !== null) await writeJson(join(options.map, 'metrics.json'), assessment.metrics);
  const table = zonesTable(assessment.statistics, assessment.metrics);
  if (table !== null) await writeFileAtomically(join(options.map, 'zones.csv'), Buffer.from(table));
  onProgress?.({ type: 'stage', stage: 'metrics' });
  await job.redraw(assessment.statistics);
  return assessment;
}

class Job {
  readonly #geobox: GeoBox;
  readonly #classes: readonly string[];
  readonly #positive: number | null;
  readonly #areas: PixelAreas;
  #label: GridLayer | null = null;
  #permanent: GridLayer | null = null;
  #baselines: OpenBaselines | null = null;
  #zones: Zones | null = null;
  #sieve: Sieve | null = null;

  constructor(
    private readonly folder: MapFolder,
    private readonly map: Raster,
    private readonly options: AssessOptions,
  ) {
    this.#geobox = requireGeobox(map);
    this.#classes = folder.classes.map(({ name }) => name);
    const { label, permanentWater, positiveClass } = options;
    const isNeeded = [label, permanentWater, positiveClass].some((given) => given !== undefined);
    this.#positive = isNeeded ? findPositive(this.#classes, positiveClass) : null;
    this.#areas = new PixelAreas(this.#geobox);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#label?.dispose();
    await this.#permanent?.dispose();
    await this.#baselines?.dispose();
  }

  #vectorOptions(): ReadVectorOptions {
    const { sourceCrs: crs, encoding, signal, onProgress } = this.options;
    return { crs, encoding, signal, onProgress };
  }

  /** Draws the map's quicklook again, with the outline of the label. */
  async redraw(statistics: Statistics): Promise<void> {
    const { label, signal, minArea } = this.options;
    const positive = this.#positive;
    if (label === undefined || positive === null) return;
    const read = async (geobox: GeoBox): Promise<Float32Array> => {
      // Without `onProgress`: warnings about the label were reported before.
      const { onProgress, ...reading } = this.#vectorOptions();
      const options = { ...this.options, label };
      await using layer = await openLabel(options, geobox, this.#classes, positive, reading);
      const result = new Float32Array(geobox.pixelCount);
      for (const rows of gridStrips(geobox)) {
        const values = await layer.readRows(rows, signal);
        for (const [i, value] of values.entries())
          if (value === positive) result[rows.start * geobox.width + i] = 1;
      }
      return result;
    };
    await drawMap({
      map: this.map.name,
      target: join(this.folder.path, 'quicklook.png'),
      classes: this.folder.classes,
      value: null,
      note: this.folder.limitations,
      plan: this.folder.plan,
      // The quicklook shows all components, so areas without small components would not fit it.
      km2: minArea === undefined ? statistics.classes.map(({ km2 }) => km2) : null,
      outline: { label: `${this.#classes[positive]} in the label`, read },
      signal,
    });
  }

  async run(): Promise<Assessment> {
    await this.#open();
    if (this.#sieve !== null) await this.#findComponents(this.#sieve);
    const classes = this.#classes;
    const zones = this.#zones?.zones ?? [];
    const tallies: Tallies = {
      area: new AreaTally(classes, this.#areas, this.#geobox.width),
      confusion: new ConfusionTally(classes),
      baselines: (this.#baselines?.baselines ?? []).map((baseline) => new BaselineTally(baseline)),
      permanent: new PermanentWaterTally(),
      zones: zones.map(() => new ConfusionTally(classes)),
      zoneAreas: zones.map(() => classes.map(() => 0)),
    };
    for await (const [rows, map] of this.#strips('evaluate')) await this.#count(rows, map, tallies);
    if (this.options.labelMap === undefined) requireNumbering(this.options.label, tallies.confusion, classes);
    return { metrics: this.#metrics(tallies), statistics: this.#statistics(tallies) };
  }

  async #open(): Promise<void> {
    const { label, permanentWater, zones, minArea, signal } = this.options;
    if (minArea !== undefined && !(minArea > 0 && Number.isFinite(minArea))) {
      throw invalidOption('minArea', `cannot be ${minArea}`, 'give a positive area');
    }
    if (permanentWater !== undefined && this.#positive === null) {
      const names = this.#classes.join(', ');
      const problem = `splits one class, and the map has ${names}`;
      throw invalidOption('permanentWater', problem, 'name it with `positiveClass`');
    }
    const reading = this.#vectorOptions();
    if (minArea !== undefined) this.#sieve = new Sieve(minArea);
    if (label !== undefined) {
      const options = { ...this.options, label };
      this.#label = await openLabel(options, this.#geobox, this.#classes, this.#positive, reading);
    }
    if (permanentWater !== undefined) {
      this.#permanent = await openMask(permanentWater, this.#geobox, reading);
    }
    if (zones !== undefined) {
      this.#zones = await Zones.open(zones, this.#geobox, this.options.zoneName, reading);
    }
    if (label !== undefined && this.#positive !== null) {
      this.#baselines = await openBaselines(this.folder.plan, this.#geobox, this.options.scene, signal);
    }
  }

  async #findComponents(sieve: Sieve): Promise<void> {
    const { width } = this.#geobox;
    for await (const [rows, map] of this.#strips('components', false)) {
      for (let row = rows.start; row < rows.end; row++) {
        const first = (row - rows.start) * width;
        sieve.addRow(map.subarray(first, first + width), this.#areas.row(row));
      }
    }
    sieve.finish();
  }

  /** The map's classes, from top to bottom; without components below `minArea` once these are known. */
  async *#strips(stage: string, clean = true): AsyncGenerator<[RowRange, Uint8Array]> {
    const { width, height } = this.#geobox;
    const { signal } = this.options;
    for (const { start, end } of gridStrips(this.#geobox)) {
      signal?.throwIfAborted();
      const { planes, valid } = await readPixels(this.map, {
        window: { x: 0, y: start, width, height: end - start },
        bands: [1],
        signal,
      });
      const map = Uint8Array.from(planes[0]);
      for (let i = 0; i < map.length; i++) if (valid[0][i] === 0) map[i] = CLASS_NODATA;
      if (clean && this.#sieve !== null) {
        for (let first = 0; first < map.length; first += width)
          this.#sieve.cleanRow(map.subarray(first, first + width));
      }
      yield [{ start, end }, map];
      reportProgress(this.options, stage, end, height, 'rows');
    }
  }

  async #count(rows: RowRange, map: Uint8Array, tallies: Tallies): Promise<void> {
    const { signal } = this.options;
    const { width } = this.#geobox;
    const positive = this.#positive;
    const label = (await this.#label?.readRows(rows, signal)) ?? null;
    const permanent = (await this.#permanent?.readRows(rows, signal)) ?? null;
    const rules: Float32Array[] = [];
    for (const baseline of this.#baselines?.baselines ?? []) rules.push(await baseline.predict(rows, signal));
    tallies.area.add([map], rows.start);
    for (let i = 0; i < map.length; i++) {
      const mapped = map[i];
      const area = this.#areas.row(rows.start + Math.floor(i / width))[i % width];
      const isPermanent = permanent !== null && permanent[i] > 0;
      if (permanent !== null && mapped !== CLASS_NODATA) {
        tallies.permanent.addArea(isPermanent, mapped === positive, area);
      }
      if (label === null) continue;
      const truth = label[i];
      tallies.confusion.add(mapped, truth, area);
      if (positive === null || exclusionOf(mapped, truth, this.#classes.length) !== null) continue;
      for (const [k, tally] of tallies.baselines.entries()) tally.add(rules[k][i], truth === positive);
      if (permanent !== null)
        tallies.permanent.addEvaluated(isPermanent, mapped === positive, truth === positive);
    }
    this.#zones?.visit(rows, (zone, i) => {
      const area = this.#areas.row(rows.start + Math.floor(i / width))[i % width];
      if (map[i] !== CLASS_NODATA) tallies.zoneAreas[zone][map[i]] += area;
      if (label !== null) tallies.zones[zone].add(map[i], label[i], area);
    });
  }

  #statistics({ area, permanent, zoneAreas }: Tallies): Statistics {
    const { minArea, permanentWater } = this.options;
    const { permanentWater: always, mappedInside, mappedOutside } = permanent.area;
    return area.describe({
      minArea:
        minArea === undefined || this.#sieve === null
          ? null
          : { squareMetres: minArea, removedPixels: this.#sieve.removedPixels },
      permanentWater:
        permanentWater === undefined
          ? null
          : {
              source: permanentWater,
              permanentWaterKm2: always / 1e6,
              mappedShare: ratio(mappedInside, always),
              permanentKm2: mappedInside / 1e6,
              floodKm2: mappedOutside / 1e6,
            },
      zones: this.#zones === null ? null : describeZones(this.#zones.zones, this.#classes, zoneAreas),
    });
  }

  #metrics(tallies: Tallies): Metrics | null {
    const { label, permanentWater, minArea } = this.options;
    if (label === undefined) return null;
    const positive = this.#positive;
    const confusion = tallies.confusion.describe();
    const model = positive === null ? null : binaryScores(binaryCounts(tallies.confusion.counts, positive));
    const baselines = tallies.baselines.map((tally) => tally.describe());
    const majority = majorityBaseline(confusion, this.#classes, positive);
    if (majority !== null) baselines.unshift(majority);
    const positiveClass = positive === null ? null : this.#classes[positive];
    return {
      schemaVersion: METRICS_SCHEMA_VERSION,
      label,
      ...confusion,
      positiveClass,
      model,
      baselines,
      baselinesLeftOut: [...(this.#baselines?.leftOut ?? [])],
      minAreaSquareMetres: minArea ?? null,
      permanentWater: permanentWater === undefined ? null : tallies.permanent.describe(permanentWater),
      zones:
        this.#zones === null
          ? null
          : this.#zones.zones.map(({ name }, k) => zoneMetrics(name, tallies.zones[k])),
      findings: describeFindings(confusion, positiveClass, model, baselines, tallies.confusion.others),
    };
  }
}

interface Tallies {
  area: AreaTally;
  confusion: ConfusionTally;
  baselines: BaselineTally[];
  permanent: PermanentWaterTally;
  zones: ConfusionTally[];
  zoneAreas: number[][];
}

/** The baseline that predicts the label's most frequent class everywhere, scored for the positive class. */
function majorityBaseline(
  { confusion, majorityClass }: ConfusionMetrics,
  classes: readonly string[],
  positive: number | null,
): BaselineMetrics | null {
  if (majorityClass === null || positive === null) return null;
  const byLabel = confusion.counts.map(sum);
  const positives = byLabel[positive];
  const negatives = sum(byLabel) - positives;
  const all = classes[positive] === majorityClass;
  const counts = {
    truePositives: all ? positives : 0,
    falsePositives: all ? negatives : 0,
    falseNegatives: all ? 0 : positives,
    trueNegatives: all ? 0 : negatives,
  };
  return {
    name: MAJORITY,
    title: `everything as ${majorityClass}`,
    formula: 'the most frequent class of the label, everywhere',
    threshold: null,
    unit: null,
    noDataShare: 0,
    counts,
    scores: binaryScores(counts),
  };
}

function zoneMetrics(name: string, tally: ConfusionTally): ZoneMetrics {
  const { evaluatedPixels, classes } = tally.describe();
  return { name, evaluatedPixels, classes: classes.map(({ mapKm2, labelKm2, ...scores }) => scores) };
}

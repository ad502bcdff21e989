/** Writes training chips of a catalog: images, labels, an index and statistics. */
import { join } from 'node:path';
import { type Chip, createRasterPool } from '../../catalog/node/index.js';
import { isDated, rowName } from '../../catalog/row.js';
import { requireChoice, requireWhole } from '../../errors.js';
import { bytesPerElement } from '../../geo/dtype.js';
import { GeoTensor } from '../../geo/index.js';
import { CpuBackend } from '../../gpu/index.js';
import { requireSpace } from '../../io/node/disk-space.js';
import { makeFolder, moveTo, requireFolderName, writeJson } from '../../io/node/output.js';
import { mapConcurrently } from '../../io/semaphore.js';
import { counted, pixelsOf, reportPlan, reportProgress } from '../../progress.js';
import { createBlockCache } from '../../raster/node/index.js';
import { CHIP_FORMATS } from '../choices.js';
import { InputVersions } from '../input-versions.js';
import {
  fingerprintOf,
  refuseOtherPlans,
  refuseOtherSettings,
  requireAbsent,
  runFolder,
} from '../run-plan.js';
import { peakMemoryBytes } from '../timing.js';
import { UnitRun } from '../unit-run.js';
import { type ChipForm, type ChipShape, chipForm } from './forms.js';
import type { ExportChipsOptions, ExportChipsReport } from './options.js';
import { type ChipPlan, planChips } from './plan.js';
import { type FinishedChips, readFinished, writeProducts } from './products.js';
import { type ChipRecord, readRecords } from './records.js';
import { countClasses, momentsOf, totalOf } from './statistics.js';

/** Default number of chips of a unit. */
const UNIT_CHIPS = 64;

/** Chips that are read at a time: while one waits for a file, others are computed. */
const CONCURRENCY = 4;

/** Bytes of a chip besides its pixels, about: headers, and its rows of the index and of a unit. */
const CHIP_BYTES = 4096;

/** Decoded source blocks that are kept between chips. */
const CACHE_BYTES = 256 * 2 ** 20;

export async function exportChips(options: ExportChipsOptions): Promise<ExportChipsReport> {
  const { output, format = 'geotiff', unitChips = UNIT_CHIPS, resume = false, signal } = options;
  requireChoice('format', format, CHIP_FORMATS);
  requireWhole('unitChips', unitChips, 1);
  requireFolderName(output);
  if (!resume) await requireAbsent(output);
  using backend = new CpuBackend();
  const cache = createBlockCache(CACHE_BYTES);
  await using pool = createRasterPool({ cache });
  const versions = new InputVersions();
  const plan = await planChips(options, format, { backend, cache, pool, versions });
  const { shape, settings, count } = plan;
  const fingerprint = fingerprintOf(settings);
  const units = Array.from({ length: Math.ceil(count / unitChips) }, (_, k) => ({
    start: k * unitChips,
    end: Math.min(count, (k + 1) * unitChips),
  }));
  const run = new UnitRun(runFolder(output, fingerprint), units);
  if (resume) {
    const finished = await readFinished(output);
    if (finished?.plan.fingerprint === fingerprint) {
      await run.removeRest();
      return reportOf(options, format, shape, finished, units.length, true);
    }
    if (finished !== null) refuseOtherSettings(output, settings, finished.plan);
    await requireAbsent(output);
    await refuseOtherPlans(run.folder, settings);
  }
  const toDo = (await run.missing()).reduce((sum, unit) => sum + units[unit].end - units[unit].start, 0);
  await announce(run.folder, toDo, plan, options);
  const own = { start: 0, end: units.length };
  await using _claimed = await run.claim(own, options);
  await writeJson(join(run.folder, 'plan.json'), { ...settings, fingerprint });
  const folder = join(run.folder, 'chips');
  const recordsOf = (unit: number): string => join(run.folder, 'records', `${unit}.json`);
  await makeFolder(join(run.folder, 'records'));
  const form = chipForm(format, folder, shape);
  await form.prepare(plan.splits);
  const writeUnits = async (missing: readonly number[], done: () => void): Promise<void> => {
    let chips = 0;
    const onChip = (): void => reportProgress(options, 'chips', ++chips, toDo, 'chips');
    for (const unit of missing) {
      const { start, end } = units[unit];
      const numbers = Array.from({ length: end - start }, (_, k) => start + k);
      const records = await mapConcurrently(
        numbers,
        CONCURRENCY,
        async (number) => {
          const record = await writeChip(plan, form, number, options);
          onChip();
          return record;
        },
        signal,
      );
      await plan.images.requireUnchanged(signal);
      await writeJson(recordsOf(unit), records);
      const files = filesOf(records, form, shape).map((path) => join(folder, path));
      await run.mark(unit, [recordsOf(unit), ...files], { adapter: backend.info.adapter, provider: 'cpu' });
      done();
    }
  };
  const unitsRun = await run.compute('chips', own, writeUnits, options);
  await run.requireComplete(signal);
  // Images were compared after each unit.
  if (options.labels !== undefined) await versions.requireUnchanged(signal, [options.labels]);
  const records: ChipRecord[] = [];
  for (const unit of units.keys()) records.push(...(await readRecords(recordsOf(unit))));
  const finished = await writeProducts(folder, {
    format,
    form,
    shape,
    splitNames: plan.splits.map(({ name }) => name),
    names: plan.labels?.names ?? new Map(),
    records,
    plan: { ...settings, fingerprint },
  });
  await requireAbsent(output);
  await moveTo(folder, output);
  await run.remove();
  return reportOf(options, format, shape, finished, units.length - unitsRun, false);
}

/** Writes the chip of a number, of all splits; one without data or labels is left out. */
async function writeChip(
  { images, labels, splits, shape }: ChipPlan,
  form: ChipForm,
  index: number,
  { minValid = 0, signal }: ExportChipsOptions,
): Promise<ChipRecord> {
  let number = index;
  let k = 0;
  for (; number >= splits[k].length; k++) number -= splits[k].length;
  const { name: split, tries, at } = splits[k];
  for (let draw = 0; ; draw++) {
    signal?.throwIfAborted();
    const chip: Chip = at(number, draw);
    const { pixels, valid, rows } = await images.load(chip, signal);
    const share = valid.reduce((sum, each) => sum + each, 0) / valid.length;
    const hasData = share > 0 && share >= minValid;
    if (!hasData && draw + 1 < tries) continue;
    const { geobox } = chip;
    const label = labels === null || !hasData ? null : await labels.load(geobox, signal);
    const classes = label === null || labels === null ? new Map() : countClasses(label, labels.ignore);
    const isLeft = !hasData ? 'data' : label !== null && totalOf(classes) === 0 ? 'labels' : null;
    if (isLeft === null) {
      await form.write(split, number, 'image', new GeoTensor({ ...pixels, bandNames: shape.bands }));
      if (label !== null && labels !== null) {
        const dimensions = ['y', 'x'] as const;
        const tensor = { data: label, shape: [geobox.height, geobox.width], dimensions, geobox };
        await form.write(split, number, 'label', new GeoTensor({ ...tensor, nodata: labels.ignore }));
      }
    }
    const times = rows.filter(isDated).map(({ interval }) => interval);
    const time = times.length === 0 ? null : times.reduce((all, each) => all.union(each));
    const pixelCount = geobox.pixelCount;
    return {
      split,
      number,
      left: isLeft,
      crs: geobox.toJSON().crs,
      transform: [...geobox.transform.toTuple()],
      times: time === null ? null : [time.start, time.end],
      rows: rows.map(rowName),
      valid: share,
      classes: [...classes].sort(([a], [b]) => a - b),
      bands: shape.bands.map((_, band) =>
        momentsOf(pixels.data.subarray(band * pixelCount, (band + 1) * pixelCount), shape.nodata),
      ),
    };
  }
}

/** The files of the chips of a unit, relative to the folder of chips. */
function filesOf(records: readonly ChipRecord[], form: ChipForm, { labels }: ChipShape): string[] {
  const parts = labels === null ? (['image'] as const) : (['image', 'label'] as const);
  const written = records.filter(({ left }) => left === null);
  return written.flatMap(({ split, number }) => parts.map((part) => form.path(split, number, part)));
}

/** Checks the space for chips, and says what they take. @throws {TerrachipError} DISK */
async function announce(
  folder: string,
  chips: number,
  { images, shape: { size, bands, dtype, labels } }: ChipPlan,
  options: ExportChipsOptions,
): Promise<void> {
  const ofPixel =
    bands.length * bytesPerElement(dtype) + (labels === null ? 0 : bytesPerElement(labels.dtype));
  const disk = await requireSpace(folder, chips * (size ** 2 * ofPixel + CHIP_BYTES));
  reportPlan(options, 'chips', {
    reads: `${counted(images.catalog.length, 'row')} of the catalog`,
    writes: `${counted(chips, 'chip')} of ${pixelsOf(size, size, bands.length)} into ${options.output}`,
    disk,
  });
}

function reportOf(
  { output }: ExportChipsOptions,
  format: ExportChipsReport['format'],
  { bands }: ChipShape,
  { splits, withoutData, withoutLabels }: FinishedChips,
  unitsKept: number,
  finishedBefore: boolean,
): ExportChipsReport {
  const counts = { withoutData, withoutLabels, unitsKept, finishedBefore };
  return { output, format, bands, splits, ...counts, peakMemoryBytes: peakMemoryBytes() };
}

/** The files beside the chips: the index, the statistics, and how to open them. */
import { join } from 'node:path';
import * as v from 'valibot';
import { gridFootprint } from '../../catalog/place.js';
import { TerrachipError } from '../../errors.js';
import { Affine, Crs, GeoBox } from '../../geo/index.js';
import { readJson } from '../../io/node/json.js';
import { writeFileAtomically, writeJson } from '../../io/node/output.js';
import { validate } from '../../json.js';
import { PolygonFile, type PropertyType } from '../../vector/node/index.js';
import { VERSION } from '../../version.js';
import type { ChipFormat } from '../choices.js';
import type { ChipForm, ChipShape } from './forms.js';
import type { ChipClass, ChipSplit } from './options.js';
import { readmeOf } from './readme.js';
import type { ChipRecord } from './records.js';
import { combineMoments, type Moments, NO_MOMENTS } from './statistics.js';

/** Versions of `chips.json` and `statistics.json`. */
const SCHEMA_VERSION = 1;

/** Names of the files. */
const INDEX = 'index.parquet';
const DESCRIPTION = 'chips.json';
const STATISTICS = 'statistics.json';
const README = 'README.md';

/** Most columns of class shares. */
const MAX_CLASSES = 256;

const CountSchema = v.pipe(v.number(), v.integer(), v.minValue(0));

/** The content of `chips.json` besides the types of chips. */
const FinishedSchema = v.object({
  splits: v.array(
    v.object({
      name: v.string(),
      chips: CountSchema,
      classes: v.array(
        v.object({
          value: v.number(),
          name: v.nullable(v.string()),
          pixels: CountSchema,
          chips: CountSchema,
        }),
      ),
    }),
  ),
  withoutData: CountSchema,
  withoutLabels: CountSchema,
  /** The settings of the run, by the names of options, with their fingerprint. */
  plan: v.looseObject({ fingerprint: v.string() }),
});

/** Chips that were written. */
export interface FinishedChips {
  readonly splits: readonly ChipSplit[];
  readonly withoutData: number;
  readonly withoutLabels: number;
  readonly plan: Readonly<Record<string, unknown>> & { readonly fingerprint: string };
}

/** The description of a folder of chips; null if there is none. @throws {TerrachipError} INVALID_INPUT for a damaged file */
export async function readFinished(folder: string): Promise<FinishedChips | null> {
  const path = join(folder, DESCRIPTION);
  const document = await readJson(path).catch(() => null);
  return document === null ? null : validate(FinishedSchema, document, path);
}

/** All chips of a run. */
export interface ChipSet {
  readonly format: ChipFormat;
  readonly form: ChipForm;
  readonly shape: ChipShape;
  readonly splitNames: readonly string[];
  /** Names of classes by value. */
  readonly names: ReadonlyMap<number, string>;
  /** The records of the planned chips, in order. */
  readonly records: readonly ChipRecord[];
  /** Everything that decides the chips, by the names of options, with the fingerprint. */
  readonly plan: FinishedChips['plan'];
}

/**
 * Writes the files into the folder of the chips.
 * @throws {TerrachipError} TOO_LARGE for more classes than columns
 */
export async function writeProducts(folder: string, set: ChipSet): Promise<FinishedChips> {
  const kept = set.records.filter(({ left }) => left === null);
  const values = [...new Set(kept.flatMap(({ classes }) => classes.map(([value]) => value)))];
  values.sort((a, b) => a - b);
  if (values.length > MAX_CLASSES) {
    throw new TerrachipError(
      'TOO_LARGE',
      `the labels have ${values.length} classes, above the limit of ${MAX_CLASSES}`,
      'give labels of classes, not of ids or quantities',
      { size: values.length, limit: MAX_CLASSES },
    );
  }
  const splits = set.splitNames.map((name) => splitOf(name, kept, values, set.names));
  for (const { name } of splits) {
    const numbers = kept.filter(({ split }) => split === name).map(({ number }) => number);
    await set.form.finish(name, numbers);
  }
  await writeIndex(join(folder, INDEX), set, kept, values);
  await writeStatistics(join(folder, STATISTICS), set, kept, splits);
  await writeFileAtomically(join(folder, README), readmeOf(set, splits));
  const leftFor = (why: ChipRecord['left']): number => set.records.filter(({ left }) => left === why).length;
  const finished = {
    splits,
    withoutData: leftFor('data'),
    withoutLabels: leftFor('labels'),
    plan: set.plan,
  };
  await writeDescription(join(folder, DESCRIPTION), set, finished);
  return finished;
}

function splitOf(
  name: string,
  kept: readonly ChipRecord[],
  values: readonly number[],
  names: ReadonlyMap<number, string>,
): ChipSplit {
  const own = kept.filter(({ split }) => split === name);
  const classes = values.map((value): ChipClass => {
    const counts = own.flatMap((each) => each.classes.filter(([of]) => of === value).map(([, n]) => n));
    const pixels = counts.reduce((sum, count) => sum + count, 0);
    return { value, name: names.get(value) ?? null, pixels, chips: counts.length };
  });
  return { name, chips: own.length, classes };
}

/** A row for each chip: its place, time, split, files and shares. */
async function writeIndex(
  path: string,
  { form, shape, format }: ChipSet,
  kept: readonly ChipRecord[],
  values: readonly number[],
): Promise<void> {
  const { size, labels } = shape;
  const types: Record<string, PropertyType> = {
    id: 'text',
    split: 'text',
    image: 'text',
    ...(labels === null ? {} : { label: 'text' }),
    ...(format === 'zarr' ? { chip: 'integer' } : {}),
    crs: 'text',
    left: 'number',
    bottom: 'number',
    right: 'number',
    top: 'number',
    start: 'text',
    end: 'text',
    rows: 'text',
    valid: 'number',
    ...(labels === null ? {} : { labelled: 'number' }),
    ...Object.fromEntries(values.map((value) => [`class_${value}`, 'number' as const])),
  };
  await using file = await PolygonFile.create(path, types);
  const positions = new Map<string, number>();
  for (const { split, number, crs, transform, times, rows, valid, classes } of kept) {
    const chip = positions.get(split) ?? 0;
    positions.set(split, chip + 1);
    const id = `${split}_${String(number).padStart(6, '0')}`;
    const geobox = new GeoBox(Crs.parse(crs), Affine.fromTuple(transform), size, size);
    const [left, bottom, right, top] = geobox.bounds;
    const labelled = classes.reduce((sum, [, count]) => sum + count, 0);
    const shares = new Map(classes.map(([value, count]) => [value, count / labelled]));
    file.add(gridFootprint(geobox, `chip ${id}`), {
      id,
      split,
      image: form.address(split, number, 'image'),
      label: form.address(split, number, 'label'),
      chip,
      crs,
      left,
      bottom,
      right,
      top,
      start: times === null ? null : new Date(times[0]).toISOString(),
      end: times === null ? null : new Date(times[1]).toISOString(),
      rows: JSON.stringify(rows),
      valid,
      labelled: labelled / size ** 2,
      ...Object.fromEntries(values.map((value) => [`class_${value}`, shares.get(value) ?? 0])),
    });
    await file.flush();
  }
  await file.finish();
}

/** Means and standard deviations of the bands over the split train, and the classes of all splits. */
async function writeStatistics(
  path: string,
  { shape }: ChipSet,
  kept: readonly ChipRecord[],
  splits: readonly ChipSplit[],
): Promise<void> {
  const train = kept.filter(({ split }) => split === 'train');
  const moments = shape.bands.map((_, band) =>
    train.reduce<Moments>((all, { bands }) => combineMoments(all, bands[band]), NO_MOMENTS),
  );
  const ofMoments = ({ count, mean, squares, min, max }: Moments) =>
    count === 0
      ? { pixels: 0, mean: null, std: null, min: null, max: null }
      : { pixels: count, mean, std: Math.sqrt(squares / count), min, max };
  await writeJson(path, {
    schemaVersion: SCHEMA_VERSION,
    split: 'train',
    bands: shape.bands.map((name, k) => ({ name, ...ofMoments(moments[k]) })),
    splits,
  });
}

async function writeDescription(
  path: string,
  { format, shape }: ChipSet,
  finished: FinishedChips,
): Promise<void> {
  const { size, bands, dtype, nodata, labels } = shape;
  await writeJson(path, {
    schemaVersion: SCHEMA_VERSION,
    terrachip: VERSION,
    format,
    size,
    bands,
    dtype,
    // JSON has no NaN.
    nodata: Number.isNaN(nodata) ? 'NaN' : nodata,
    labels,
    index: INDEX,
    statistics: STATISTICS,
    ...finished,
  });
}

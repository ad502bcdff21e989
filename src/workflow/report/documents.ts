/** The documents beside a map, as a report needs them. Like all external input, they are checked, or left out. */
import { join } from 'node:path';
import * as v from 'valibot';
import { isTerrachipError } from '../../errors.js';
import { readJson } from '../../io/node/json.js';
import { dictionary, validate } from '../../json.js';

const Share = v.nullable(v.number());

const StatisticsSchema = v.object({
  totalKm2: v.number(),
  validShare: Share,
  classes: v.array(v.object({ name: v.string(), pixels: v.number(), km2: v.number(), share: Share })),
  values: v.optional(
    v.array(
      v.object({
        name: v.string(),
        units: v.optional(v.string()),
        pixels: v.number(),
        min: Share,
        mean: Share,
        max: Share,
        std: Share,
      }),
    ),
  ),
});

const Scores = v.object({ iou: Share, precision: Share, recall: Share, f1: Share });
const BinaryScores = v.object({ ...Scores.entries, accuracy: Share });

/** Scores of a map of one class per pixel, of several classes per pixel, or of quantities. */
const MetricsSchema = v.object({
  label: v.optional(v.string()),
  evaluatedPixels: v.optional(v.number()),
  positiveClass: v.optional(v.nullable(v.string())),
  model: v.optional(v.nullable(BinaryScores)),
  baselines: v.optional(
    v.array(
      v.object({
        title: v.string(),
        threshold: v.nullable(v.number()),
        unit: v.nullable(v.string()),
        scores: BinaryScores,
      }),
    ),
    [],
  ),
  classes: v.optional(
    v.array(
      v.object({
        name: v.string(),
        labelShare: Share,
        ...Scores.entries,
        /** Of classes that may overlap: beside a map with the class everywhere or nowhere. */
        accuracy: v.optional(Share),
        baseline: v.optional(v.object({ accuracy: Share })),
      }),
    ),
    [],
  ),
  values: v.optional(
    v.array(
      v.object({
        name: v.string(),
        pixels: v.number(),
        rmse: Share,
        mae: Share,
        bias: Share,
        r2: Share,
        baseline: v.object({ rmse: Share, mae: Share }),
      }),
    ),
    [],
  ),
  findings: v.optional(v.array(v.string()), []),
});

const RunSchema = v.object({
  backend: v.optional(v.object({ kind: v.string(), adapter: v.string() })),
  provider: v.optional(v.string()),
  seconds: v.optional(dictionary(v.string(), v.number())),
  peakMemoryBytes: v.optional(v.number()),
});

const ItemSchema = v.object({
  properties: v.object({ created: v.optional(v.string()), 'terrachip:licence': v.optional(v.string()) }),
});

export type MapStatistics = v.InferOutput<typeof StatisticsSchema>;
export type MapMetrics = v.InferOutput<typeof MetricsSchema>;
export type MapRun = v.InferOutput<typeof RunSchema>;
export type MapItem = v.InferOutput<typeof ItemSchema>;

export interface MapDocuments {
  readonly statistics: MapStatistics;
  /** Null for a map that was not compared with anything. */
  readonly metrics: MapMetrics | null;
  readonly run: MapRun;
  readonly item: MapItem;
}

/** @throws {TerrachipError} INVALID_INPUT or NOT_FOUND for statistics or a record of the run that are missing or damaged */
export async function readDocuments(folder: string): Promise<MapDocuments> {
  const read = async <Schema extends v.GenericSchema>(schema: Schema, name: string) => {
    const path = join(folder, name);
    return validate(schema, await readJson(path), path);
  };
  const metrics = await read(MetricsSchema, 'metrics.json').catch((error: unknown) => {
    if (isTerrachipError(error, 'NOT_FOUND')) return null;
    throw error;
  });
  return {
    statistics: await read(StatisticsSchema, 'statistics.json'),
    metrics,
    run: await read(RunSchema, 'run.json'),
    item: await read(ItemSchema, 'item.json'),
  };
}

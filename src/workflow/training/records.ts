/** The records of a unit's chips, for the index and the statistics. */
import * as v from 'valibot';
import { readJson } from '../../io/node/json.js';
import { validate } from '../../json.js';

const Moment = v.object({
  count: v.number(),
  mean: v.number(),
  squares: v.number(),
  min: v.number(),
  max: v.number(),
});

const RecordSchema = v.object({
  split: v.string(),
  /** Its number in the split, among those that were planned. */
  number: v.number(),
  /** Why it was left out; null for a chip that was written. */
  left: v.nullable(v.picklist(['data', 'labels'])),
  crs: v.string(),
  transform: v.tuple([v.number(), v.number(), v.number(), v.number(), v.number(), v.number()]),
  /** First and last moment of the rows, in milliseconds; null if they do not say. */
  times: v.nullable(v.tuple([v.number(), v.number()])),
  rows: v.array(v.string()),
  /** Share of pixels that have data in all bands. */
  valid: v.number(),
  /** Number of labelled pixels of each class. */
  classes: v.array(v.tuple([v.number(), v.number()])),
  /** The moments of the values of each band. */
  bands: v.array(Moment),
});

/** A chip of a unit. */
export type ChipRecord = v.InferOutput<typeof RecordSchema>;

/** @throws {TerrachipError} INVALID_INPUT for a damaged file */
export async function readRecords(path: string): Promise<ChipRecord[]> {
  return validate(v.array(RecordSchema), await readJson(path), path);
}

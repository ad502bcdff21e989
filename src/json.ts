/** Parses JSON documents and checks them against a schema. Errors name the path in the document. */
import * as v from 'valibot';
import { invalidInput } from './errors.js';
import { nearestOf, unknownKeyOf } from './json/keys.js';
import { problemOfJson } from './json/problem.js';

/** An object of a document, before it is checked. */
export type Members = Readonly<Record<string, unknown>>;

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object with any members. `v.record` drops some names, such as `constructor`. */
export const AnyRecord = v.custom<{ [x: string]: unknown }>(isMembers, 'must be an object');

/**
 * An object whose keys are free names, including `constructor` and `__proto__`. The output has no prototype, so that a
 * missing name is undefined.
 */
export function dictionary<
  const Key extends v.GenericSchema<string, string>,
  const Value extends v.GenericSchema,
>(key: Key, value: Value) {
  return v.pipe(
    AnyRecord,
    v.transform((record) => new Map(Object.entries(record))),
    v.map(key, value),
    v.transform(
      (map): Record<string, v.InferOutput<Value>> =>
        Object.assign(Object.create(null), Object.fromEntries(map)),
    ),
  );
}

/**
 * As `validate`, for a document written by a user: unknown keys are errors too, except those that `unknownKeyOf` accepts.
 */
export function validateStrictly<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  name: string,
): v.InferOutput<Schema> {
  const unknown = unknownKeyOf(schema, value);
  if (unknown !== null) {
    const { place, key, known } = unknown;
    const nearest = nearestOf(key, known);
    throw invalidInput(
      place === '' ? name : `${name}: ${place}`,
      `has the unknown key ${JSON.stringify(key)}`,
      nearest === null ? `the known keys are ${known.join(', ')}` : `did you mean "${nearest}"?`,
    );
  }
  return validate(schema, value, name);
}

/**
 * Checks a document against a schema.
 * @param name of the file, for messages
 * @throws {TerrachipError} INVALID_INPUT with the path of each error
 */
export function validate<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  name: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const problems = result.issues.map((issue) => {
    const path = v.getDotPath(issue);
    const missing = issue.type === 'object' && issue.received === 'undefined' && path !== null;
    return `${path ?? 'the document'}: ${missing ? 'is missing' : issue.message}`;
  });
  const shown = [...problems.slice(0, MOST_PROBLEMS), ...(problems.length > MOST_PROBLEMS ? ['…'] : [])];
  throw invalidInput(name, `is not valid: ${shown.join(', ')}`, 'correct it');
}

/** Of a document, for messages. */
const MOST_PROBLEMS = 12;

/** More than real documents need. The limit makes recursive code safe, such as schemas and messages. */
const MAX_DEPTH = 64;

/**
 * Parses JSON. A byte order mark is skipped.
 * @param name of the file, for messages
 * @throws {TerrachipError} INVALID_INPUT for text that is not JSON (with line and column), or nested too deeply
 */
export function parseJson(text: string, name: string): unknown {
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw invalidInput(name, `is not JSON (${problemOfJson(json)})`, 'correct it', cause);
  }
  requireShallow(value, name);
  return value;
}

/**
 * Checks the depth of a document that `parseJson` did not parse.
 * @throws {TerrachipError} INVALID_INPUT for more than 64 levels
 */
export function requireShallow(document: unknown, name: string): void {
  let level: unknown[] = [document];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH)
      throw invalidInput(name, `is nested deeper than ${MAX_DEPTH} levels`, 'correct it');
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
}

/** The members that are not null. */
export function withoutNulls<T>(record: Readonly<Record<string, T | null>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([key, value]): [string, T][] => (value === null ? [] : [[key, value]])),
  );
}

/** The members that are not undefined. */
export function withoutUndefined<T extends object>(record: T): Partial<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** A record with the same names, and other values. */
export function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value, name)]));
}

/** JSON documents from outside: parsed, then checked against a schema, with errors that name the place. */
import * as v from 'valibot';
import { invalidInput, messageOf } from './errors.js';

/**
 * Checks a document.
 * @param name the file it came from, for messages
 * @throws {TerrachipError} INVALID_INPUT that names the first place that is wrong
 */
export function validate<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  name: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const place = path === null ? 'the document' : path;
  const missing = issue.type === 'object' && issue.received === 'undefined' && path !== null;
  const problem = missing ? 'is missing' : issue.message;
  throw invalidInput(name, `is not as it should be: ${place}: ${problem}`, 'correct it');
}

/** No document nests as deep; code that visits one by recursion, schemas and messages among it, relies on that. */
const MAX_DEPTH = 64;

/** @throws {TerrachipError} INVALID_INPUT for text that is not JSON, or nested absurdly */
export function parseJson(text: string, name: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidInput(name, `is not JSON (${messageOf(cause)})`, 'correct it', cause);
  }
  requireShallow(value, name);
  return value;
}

/**
 * For documents that somebody else has parsed.
 * @throws {TerrachipError} INVALID_INPUT for one that is nested absurdly
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

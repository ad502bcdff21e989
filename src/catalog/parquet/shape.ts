/** The columns that JSON values fit into: found by looking at all of them, as STAC has no fixed schema. */
import type { SchemaElement } from 'hyparquet';
import { mapValues } from '../../json.js';

/** The common shape of some values. `json`, which is stored as text, is for values without one. */
export type Shape =
  | { readonly kind: 'null' | 'boolean' | 'integer' | 'number' | 'text' | 'time' | 'json' }
  | { readonly kind: 'list'; readonly element: Shape }
  | { readonly kind: 'struct'; readonly fields: Readonly<Record<string, Shape>> };

const NULL: Shape = { kind: 'null' };
const JSON_TEXT: Shape = { kind: 'json' };

export function shapeOf(value: unknown): Shape {
  if (value === null || value === undefined) return NULL;
  if (typeof value === 'boolean') return { kind: 'boolean' };
  if (typeof value === 'number') return { kind: Number.isSafeInteger(value) ? 'integer' : 'number' };
  if (typeof value === 'string') return { kind: 'text' };
  if (Array.isArray(value)) return { kind: 'list', element: value.map(shapeOf).reduce(commonShape, NULL) };
  return { kind: 'struct', fields: mapValues(value as Readonly<Record<string, unknown>>, shapeOf) };
}

export function commonShape(a: Shape, b: Shape): Shape {
  if (a.kind === 'null') return b;
  if (b.kind === 'null') return a;
  if (a.kind === 'list' && b.kind === 'list')
    return { kind: 'list', element: commonShape(a.element, b.element) };
  if (a.kind === 'struct' && b.kind === 'struct') {
    const fields = new Map(Object.entries(a.fields));
    addShapes(fields, b.fields);
    return { kind: 'struct', fields: Object.fromEntries(fields) };
  }
  if (a.kind === b.kind) return a;
  const numbers = [a.kind, b.kind].every((kind) => kind === 'integer' || kind === 'number');
  return numbers ? { kind: 'number' } : JSON_TEXT;
}

/** Adds the shapes of more fields to those that are known. */
export function addShapes(known: Map<string, Shape>, more: Readonly<Record<string, Shape>>): void {
  for (const [name, shape] of Object.entries(more)) {
    known.set(name, commonShape(known.get(name) ?? NULL, shape));
  }
}

/** The shape, or `json` where a part of it has none, or nothing to store. */
export function storableShape(shape: Shape): Shape {
  return isStorable(shape) ? shape : JSON_TEXT;
}

function isStorable(shape: Shape): boolean {
  if (shape.kind === 'list') return isStorable(shape.element);
  if (shape.kind !== 'struct') return shape.kind !== 'json';
  const fields = Object.values(shape.fields);
  return fields.length > 0 && fields.every(isStorable);
}

/** Elements of a schema: a text, and a time. */
export const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } } as const;

export const TIME = {
  type: 'INT64',
  converted_type: 'TIMESTAMP_MILLIS',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
} as const;

const SCALARS = {
  null: TEXT,
  text: TEXT,
  json: TEXT,
  boolean: { type: 'BOOLEAN' },
  integer: { type: 'INT64' },
  number: { type: 'DOUBLE' },
  time: TIME,
} as const;

/** The elements of a schema that a shape takes; everything may be null. */
export function schemaElements(name: string, shape: Shape): SchemaElement[] {
  if (shape.kind === 'list') {
    const list = { converted_type: 'LIST', logical_type: { type: 'LIST' } } as const;
    return [
      { name, repetition_type: 'OPTIONAL', num_children: 1, ...list },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      ...schemaElements('element', shape.element),
    ];
  }
  if (shape.kind === 'struct') {
    const fields = Object.entries(shape.fields);
    return [
      { name, repetition_type: 'OPTIONAL', num_children: fields.length },
      ...fields.flatMap(([field, member]) => schemaElements(field, member)),
    ];
  }
  return [{ name, repetition_type: 'OPTIONAL', ...SCALARS[shape.kind] }];
}

/** A value as the columns of its shape take it. */
export function storedValue(shape: Shape, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (shape.kind === 'json') return JSON.stringify(value);
  if (shape.kind === 'integer') return BigInt(value as number);
  if (shape.kind === 'time') return BigInt(Date.parse(value as string));
  if (shape.kind === 'list') return (value as unknown[]).map((each) => storedValue(shape.element, each));
  if (shape.kind !== 'struct') return value;
  const members = value as Readonly<Record<string, unknown>>;
  return mapValues(shape.fields, (field, name) => storedValue(field, members[name]));
}

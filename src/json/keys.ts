/** Finds unknown keys of a document, which are usually misspelt, and the nearest known ones. */
import type * as v from 'valibot';

/** Keys for notes and tools, accepted everywhere. */
const FREE = /^(?:comment|description)$|^(?:\$|_|\/\/|x-)/;

/** Keys of extensions, as in STAC: accepted unless they resemble a known key. */
const PREFIXED = /^[\w-]+:/;

export interface UnknownKey {
  /** Path of the object, with dots; empty for the document itself. */
  readonly place: string;
  readonly key: string;
  readonly known: readonly string[];
  /** Number of known keys in the object. */
  readonly familiar: number;
}

/** The parts of valibot schemas that contain other schemas. */
interface SchemaParts {
  readonly type?: string;
  readonly entries?: Readonly<Record<string, SchemaParts>>;
  readonly wrapped?: SchemaParts;
  readonly item?: SchemaParts;
  readonly items?: readonly SchemaParts[];
  readonly options?: readonly unknown[];
  readonly value?: unknown;
  readonly pipe?: readonly SchemaParts[];
}

/**
 * The first key at any depth that is not in the schema, in the order of the document. `v.object` is closed,
 * `v.looseObject` is open. Keys for notes and tools are accepted: `comment`, `description`, and those that begin with `$`,
 * `_`, `//` or `x-`. So are keys with a prefix, such as `eo:snow_cover`.
 */
export function unknownKeyOf(schema: v.GenericSchema, value: unknown): UnknownKey | null {
  return unknownKey(schema as SchemaParts, value, '');
}

function unknownKey(schema: SchemaParts, value: unknown, place: string): UnknownKey | null {
  if (typeof value !== 'object' || value === null) return null;
  if (schema.wrapped !== undefined) return unknownKey(schema.wrapped, value, place);
  if (schema.type === 'union') return unknownInUnion(schema.options as readonly SchemaParts[], value, place);
  const members = Object.entries(value);
  const { entries } = schema;
  if (entries !== undefined && schema.type === 'object' && !Array.isArray(value)) {
    const known = Object.keys(entries);
    const unknown = members.find(([key]) => !Object.hasOwn(entries, key) && !isFree(key, known));
    const familiar = members.filter(([key]) => Object.hasOwn(entries, key)).length;
    if (unknown !== undefined) return { place, key: unknown[0], known, familiar };
  }
  for (const [key, member] of members) {
    const unknown = unknownKey(schemaOf(schema, key), member, place === '' ? key : `${place}.${key}`);
    if (unknown !== null) return unknown;
  }
  return null;
}

/** The unknown key by the option of a union that is most similar to the value; null if the value fits an option. */
function unknownInUnion(options: readonly SchemaParts[], value: object, place: string): UnknownKey | null {
  const unknownKeys = options
    .filter(({ entries, item }) => (Array.isArray(value) ? item : entries) !== undefined)
    .map((option) => unknownKey(option, value, place));
  const likeness = ({ key, known, familiar }: UnknownKey): number =>
    familiar + (nearestOf(key, known) === null ? 0 : 0.5);
  const misfits = unknownKeys.filter((key) => key !== null).sort((a, b) => likeness(b) - likeness(a));
  return misfits.length === unknownKeys.length ? (misfits[0] ?? null) : null;
}

/** The schema of a member of an object or array. */
function schemaOf(schema: SchemaParts, key: string): SchemaParts {
  const { entries, item, items, pipe } = schema;
  if (entries !== undefined) return Object.hasOwn(entries, key) ? entries[key] : {};
  const record = schema.type === 'record' ? schema : pipe?.find(({ type }) => type === 'map');
  return (record?.value as SchemaParts | undefined) ?? item ?? items?.[Number(key)] ?? {};
}

function isFree(key: string, known: readonly string[]): boolean {
  return FREE.test(key) || (PREFIXED.test(key) && nearestOf(key, known) === null);
}

/**
 * The own member with a name from a file or a user, or undefined. `record[name]` would also return inherited members, such
 * as `constructor`.
 */
export function memberOf<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The known word with the fewest edits, at most a third of its letters; null if there is none. */
export function nearestOf(word: string, known: readonly string[]): string | null {
  const [nearest] = known
    .map((candidate) => ({ candidate, edits: editsBetween(plain(word), plain(candidate)) }))
    .filter(({ candidate, edits }) => edits <= Math.max(1, candidate.length / 3))
    .sort((a, b) => a.edits - b.edits);
  return nearest?.candidate ?? null;
}

/** `phaseDates`, `phase-dates` and `phase_dates` count as equal. */
function plain(word: string): string {
  return word.toLowerCase().replace(/[_-]/g, '').slice(0, 64);
}

/** Number of letters to add, remove, replace or swap with their neighbour. */
function editsBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, k) => k)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    const above = rows[i - 1];
    for (let k = 1; k <= b.length; k++) {
      const swapped = i > 1 && k > 1 && a[i - 1] === b[k - 2] && a[i - 2] === b[k - 1];
      const replaced = above[k - 1] + Number(a[i - 1] !== b[k - 1]);
      row.push(Math.min(row[k - 1] + 1, above[k] + 1, replaced, swapped ? rows[i - 2][k - 2] + 1 : Infinity));
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}

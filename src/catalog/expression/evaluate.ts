import { invalidInput } from '../../errors.js';
import { TimeInterval } from '../../geo/index.js';
import { memberOf } from '../../json/keys.js';
import type { CatalogRow, CatalogValue } from '../row.js';
import type { Comparison, Condition, Operand } from './parse.js';

/** SQL's three-valued logic: null (unknown) if a row lacks the compared field. */
type Truth = boolean | null;

/** A time in UTC milliseconds; a class, to distinguish it from a number. */
class Moment {
  readonly time: number;
  constructor(time: number) {
    this.time = time;
  }
}

type Value = CatalogValue | Moment;

/** Evaluates a condition for rows, and records which of its names exist. */
export class Evaluator {
  readonly #text: string;
  readonly #condition: Condition;
  /** Names that no row has had so far. */
  readonly #missing: Set<string>;

  constructor(text: string, condition: Condition) {
    this.#text = text;
    this.#condition = condition;
    this.#missing = new Set(namesIn(condition));
  }

  /** Whether a row meets the condition. @throws {TerrachipError} INVALID_INPUT for comparing a number with a text */
  keeps(row: CatalogRow): boolean {
    for (const name of this.#missing) if (fieldOf(row, name) !== undefined) this.#missing.delete(name);
    return this.#truth(this.#condition, row) === true;
  }

  /** To be called after all rows. @throws {TerrachipError} INVALID_INPUT for a name that no row has */
  requireNames(example: CatalogRow): void {
    const [name] = this.#missing;
    if (name === undefined) return;
    const known = ['id', 'collection', 'href', 'start', 'end', ...Object.keys(example.properties)];
    throw invalidInput(
      `the expression "${this.#text}"`,
      `names "${name}", which no row has`,
      `use one of ${known.slice(0, 30).join(', ')}, or put texts in single quotes`,
    );
  }

  #truth(condition: Condition, row: CatalogRow): Truth {
    switch (condition.kind) {
      case 'and':
        return all(condition.terms.map((term) => this.#truth(term, row)));
      case 'or':
        return not(all(condition.terms.map((term) => not(this.#truth(term, row)))));
      case 'not':
        return not(this.#truth(condition.term, row));
      case 'null':
        return isAbsent(operandValue(condition.operand, row));
      case 'like': {
        const value = operandValue(condition.operand, row);
        if (isAbsent(value)) return null;
        if (typeof value !== 'string') throw this.#mismatch(condition.operand, value, condition.pattern, row);
        return isLike(value, condition.pattern);
      }
      case 'in':
        return not(
          all(condition.values.map((value) => not(this.#compare('=', condition.operand, { value }, row)))),
        );
      case 'compare':
        return this.#compare(condition.comparison, condition.left, condition.right, row);
    }
  }

  #compare(comparison: Comparison, left: Operand, right: Operand, row: CatalogRow): Truth {
    const [a, b] = [operandValue(left, row), operandValue(right, row)];
    if (isAbsent(a) || isAbsent(b)) return null;
    if (a instanceof Moment) return HOLDS[comparison](orderIn(a.time, this.#period(b, left, row)));
    // The operands are swapped, so their order is reversed.
    if (b instanceof Moment) return HOLDS[comparison](-orderIn(b.time, this.#period(a, right, row)));
    if (typeof a !== typeof b || typeof a === 'object') throw this.#mismatch(left, a, b, row);
    return HOLDS[comparison](a < b ? -1 : a > b ? 1 : 0);
  }

  /** The interval that a time is compared with: another time, or a text such as a whole day. */
  #period(value: Value, operand: Operand, row: CatalogRow): Period {
    if (value instanceof Moment) return { start: value.time, end: value.time };
    if (typeof value === 'string') return TimeInterval.parse(value);
    throw this.#mismatch(operand, new Moment(0), value, row);
  }

  #mismatch(operand: Operand, value: Value, other: Value, row: CatalogRow): Error {
    const name = 'name' in operand ? operand.name : String(operand.value);
    return invalidInput(
      `the expression "${this.#text}"`,
      `compares ${name}, ${kindOf(value)} in the row "${row.id}", with ${kindOf(other)}`,
      'compare numbers with numbers, texts in single quotes with texts, and times with dates in single quotes',
    );
  }
}

type Period = Pick<TimeInterval, 'start' | 'end'>;

/** Whether comparisons hold by the order of the first operand: below 0 before the second, 0 equal. */
const HOLDS: Readonly<Record<Comparison, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

function kindOf(value: Value): string {
  if (value instanceof Moment) return 'a time';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'object') return 'a list or an object';
  return `a ${typeof value}`;
}

function isAbsent(value: Value | undefined): value is null | undefined {
  return value === null || value === undefined;
}

function all(terms: readonly Truth[]): Truth {
  if (terms.includes(false)) return false;
  return terms.includes(null) ? null : true;
}

function not(truth: Truth): Truth {
  return truth === null ? null : !truth;
}

/** The order of a time and a period: `<` means before its start, `<=` not after its end, `=` inside it. */
function orderIn(time: number, { start, end }: Period): number {
  return time < start ? -1 : time > end ? 1 : 0;
}

function operandValue(operand: Operand, row: CatalogRow): Value | undefined {
  return 'value' in operand ? operand.value : fieldOf(row, operand.name);
}

function fieldOf(row: CatalogRow, name: string): Value | undefined {
  if (name === 'id' || name === 'collection' || name === 'href') return row[name];
  if (name === 'start' || name === 'end') return new Moment(row.interval[name]);
  return nestedProperty(row.properties, name);
}

/** A property by its name, or a nested one by a path of names with dots. */
function nestedProperty(properties: CatalogRow['properties'], name: string): CatalogValue | undefined {
  if (Object.hasOwn(properties, name)) return properties[name];
  for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
    const inner = memberOf(properties, name.slice(0, dot));
    if (isRecord(inner)) return nestedProperty(inner, name.slice(dot + 1));
  }
  return undefined;
}

function isRecord(value: CatalogValue | undefined): value is CatalogRow['properties'] {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** SQL's LIKE: `%` matches any text, `_` any character. Needs time proportional to the product of the lengths at most. */
function isLike(text: string, pattern: string): boolean {
  let [t, p] = [0, 0];
  /** The positions of the last `%` in the pattern, and of its match's end in the text. */
  let [star, mark] = [-1, 0];
  while (t < text.length) {
    if (pattern[p] === '%') {
      star = p++;
      mark = t;
    } else if (p < pattern.length && (pattern[p] === '_' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (pattern[p] === '%') p++;
  return p === pattern.length;
}

function namesIn(condition: Condition): string[] {
  const nameOf = (operand: Operand): string[] => ('name' in operand ? [operand.name] : []);
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.flatMap(namesIn);
    case 'not':
      return namesIn(condition.term);
    case 'compare':
      return [...nameOf(condition.left), ...nameOf(condition.right)];
    case 'null':
      // `is null` may ask for a field that no row has.
      return [];
    default:
      return nameOf(condition.operand);
  }
}

/** Conditions of the query extension, checked again since some servers ignore them. */

type Test = (value: Comparable, wanted: unknown) => boolean | null;
type Comparable = number | string | boolean;

/** Null where values cannot be compared. */
const compare = (holds: (order: number) => boolean): Test => {
  return (value, wanted) => {
    if (typeof value !== typeof wanted) return null;
    if (typeof value === 'number') return holds(value - (wanted as number));
    // Servers compare texts with or without regard to case.
    const [a, b] = [String(value).toLowerCase(), String(wanted).toLowerCase()];
    return holds(a === b ? 0 : a < b ? -1 : 1);
  };
};
const equal = compare((order) => order === 0);

const TESTS: ReadonlyMap<string, Test> = new Map([
  ['eq', equal],
  ['neq', compare((order) => order !== 0)],
  ['lt', compare((order) => order < 0)],
  ['lte', compare((order) => order <= 0)],
  ['gt', compare((order) => order > 0)],
  ['gte', compare((order) => order >= 0)],
  [
    'in',
    (value, wanted) => (Array.isArray(wanted) ? wanted.some((each) => equal(value, each) !== false) : null),
  ],
]);

/**
 * Whether an item contradicts a condition. Members that it lacks, operators that are not known here, and values of
 * another type contradict nothing.
 */
export function contradicts(
  item: Readonly<Record<string, unknown>>,
  query: Readonly<Record<string, unknown>>,
): boolean {
  const properties = item.properties;
  if (typeof properties !== 'object' || properties === null) return false;
  const values = new Map<string, unknown>([...Object.entries(item), ...Object.entries(properties)]);
  return Object.entries(query).some(([name, conditions]) => {
    const value = values.get(name.replace(/^properties\./, ''));
    if (!isComparable(value) || typeof conditions !== 'object' || conditions === null) return false;
    return Object.entries(conditions).some(
      ([operator, wanted]) => TESTS.get(operator)?.(value, wanted) === false,
    );
  });
}

function isComparable(value: unknown): value is Comparable {
  return ['number', 'string', 'boolean'].includes(typeof value);
}

/** The numbers that features are burned with: one for all, or by a property of each. */
import { invalidInput, invalidOption } from '../errors.js';
import { canHold, type Dtype, isFloat, rangeOf } from '../geo/index.js';
import { memberOf } from '../json/keys.js';
import { type AreaFeature, type AreaFeatures, listed } from './features.js';

/** A class by a property of each feature: a number as it is, or a text by a table. */
export interface PropertyClass {
  readonly property: string;
  /** Numbers by the property's values, as texts. */
  readonly classes?: Readonly<Record<string, number>>;
}

/** Types that are offered for what another one does not hold, from the smallest on. */
const OFFERED: readonly Dtype[] = ['uint8', 'int16', 'uint16', 'int32', 'uint32', 'float64'];

/**
 * Whether a type holds a number: whole numbers exactly, so that ids stay ids; fractions as the nearest float. NaN and
 * infinities fit float types.
 */
export function holds(dtype: Dtype, value: number): boolean {
  if (!canHold(dtype, value)) return false;
  if (!isFloat(dtype) || !Number.isInteger(value)) return true;
  return Number.isSafeInteger(value) && (dtype === 'float64' || Math.fround(value) === value);
}

/**
 * Checks a number that is given by an option.
 * @param option its name, for messages
 * @throws {TerrachipError} INVALID_OPTION for one that the type does not hold
 */
export function requireHolds(option: string, value: number, dtype: Dtype): void {
  if (holds(dtype, value)) return;
  throw invalidOption(option, `cannot be ${value} in ${dtype}`, remedyFor([value], dtype));
}

/**
 * The number that a feature is burned with.
 * @param areas the features that it is one of, for messages
 * @throws {TerrachipError} INVALID_INPUT for a feature without a number, or one that the type does not hold exactly
 */
export function burnValue(
  feature: AreaFeature,
  value: number | PropertyClass,
  dtype: Dtype,
  areas: AreaFeatures,
): number {
  if (typeof value === 'number') return value;
  const { property, classes } = value;
  const numberOf = ({ properties }: AreaFeature): number | null => {
    const found = memberOf(properties, property);
    if (classes !== undefined) return memberOf(classes, String(found)) ?? null;
    if (typeof found === 'boolean') return Number(found);
    return typeof found === 'number' ? found : null;
  };
  const number = numberOf(feature);
  if (number === null) throw noNumber(areas, feature, value);
  if (holds(dtype, number)) return number;
  const numbers = areas.features.map(numberOf).filter((each) => each !== null);
  const problem = `has a feature whose ${property} is ${number}, which ${dtype} does not hold`;
  throw invalidInput(areas.name, problem, remedyFor(numbers, dtype));
}

function noNumber(
  { name, features }: AreaFeatures,
  feature: AreaFeature,
  { property, classes }: PropertyClass,
): Error {
  const properties = [...new Set(features.flatMap((each) => Object.keys(each.properties)))];
  if (!properties.includes(property)) {
    const remedy = properties.length === 0 ? 'give a value instead' : `choose one of ${listed(properties)}`;
    return invalidInput(name, `has no property ${property}`, remedy);
  }
  const shown = JSON.stringify(memberOf(feature.properties, property)) ?? 'missing';
  const texts = features
    .map((each) => memberOf(each.properties, property))
    .filter((found) => typeof found === 'string');
  return invalidInput(
    name,
    `has a feature whose ${property} is ${shown}, which is no class`,
    classes !== undefined
      ? 'name it in `classes`'
      : texts.length === 0
        ? 'give it a number, or leave the feature out'
        : `give a number for each text in \`classes\`: ${listed([...new Set(texts)].sort())}`,
  );
}

/** What to do where a type does not hold all of some numbers. */
function remedyFor(numbers: readonly number[], dtype: Dtype): string {
  const wider = OFFERED.find((offered) => numbers.every((number) => holds(offered, number)));
  if (wider !== undefined) return `choose \`dtype\` ${wider}`;
  const { min, max } = rangeOf(dtype);
  return isFloat(dtype)
    ? 'give numbers below 2^53, which float64 holds exactly'
    : `give whole numbers from ${min} to ${max}`;
}

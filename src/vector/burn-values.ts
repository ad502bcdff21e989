/** The numbers to burn for features: one for all, or from a property of each. */
import { invalidInput, invalidOption } from '../errors.js';
import { canHold, type Dtype, isFloat, rangeOf } from '../geo/index.js';
import { memberOf } from '../json/keys.js';
import { type AreaFeature, type AreaFeatures, listed } from './features.js';

/** A class from a property of each feature: a number unchanged, or a text through a table. */
export interface PropertyClass {
  readonly property: string;
  /** Numbers by the property's values, as texts. */
  readonly classes?: Readonly<Record<string, number>>;
}

/** Types suggested for values that another type cannot hold, the smallest first. */
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
 * Checks a number of an option.
 * @param option its name, for messages
 * @throws {TerrachipError} INVALID_OPTION for a number that the type cannot hold
 */
export function requireHolds(option: string, value: number, dtype: Dtype): void {
  if (holds(dtype, value)) return;
  throw invalidOption(option, `cannot be ${value} in ${dtype}`, remedyFor([value], dtype));
}

/**
 * The number to burn for a feature.
 * @param areas all features of the file, for messages
 * @throws {TerrachipError} INVALID_INPUT for a feature without a number, or with one that the type cannot hold exactly
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

/** The remedy if a type cannot hold all of some numbers. */
function remedyFor(numbers: readonly number[], dtype: Dtype): string {
  const wider = OFFERED.find((offered) => numbers.every((number) => holds(offered, number)));
  if (wider !== undefined) return `choose \`dtype\` ${wider}`;
  const { min, max } = rangeOf(dtype);
  return isFloat(dtype)
    ? 'give numbers below 2^53, which float64 holds exactly'
    : `give whole numbers from ${min} to ${max}`;
}

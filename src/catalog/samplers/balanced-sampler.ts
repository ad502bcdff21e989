import { invalidOption } from '../../errors.js';
import { memberOf } from '../../json/keys.js';
import { groupBy } from '../group-by.js';
import { CounterRandom, STREAM } from './random.js';
import { Sequence } from './sequence.js';

/** The number of items, and the weights of classes. */
export interface BalancedSamplerOptions {
  /** Number of items. */
  count: number;
  /** A whole number from 0 on (default 0). */
  seed?: number;
  /** Relative frequencies of classes, by name (default: equal). */
  weights?: Readonly<Record<string, number>>;
}

/**
 * Draws items with balanced classes, also if some classes are rare. Without weights, n consecutive items (n classes,
 * aligned) contain each class once, and items of a class repeat only after all of them were drawn. With weights,
 * classes and items are drawn at random with replacement.
 * @param classOf the class of an item; called for all items immediately
 * @throws {TerrachipError} INVALID_OPTION for an invalid count or weight, or a weight of an unknown class
 */
export function balancedSampler<T>(
  items: Sequence<T>,
  classOf: (item: T) => string | number | boolean,
  options: BalancedSamplerOptions,
): Sequence<T> {
  const { count, seed = 0, weights } = options;
  if (!Number.isSafeInteger(count) || count < 0 || (items.length === 0 && count > 0))
    throw invalidOption(
      'count',
      `cannot be ${count} of ${items.length} items`,
      'give a whole number, and items',
    );
  const random = new CounterRandom(seed);
  const classes = [...items].map((item) => String(classOf(item)));
  const byClass = groupBy(classes.keys(), (index) => classes[index]);
  const names = [...byClass.keys()].sort();
  const members = names.map((name) => byClass.get(name) ?? []);
  if (weights !== undefined) return weighted(items, names, members, weights, random, count);
  const orders = new Map<number, Uint32Array>();
  const orderOf = (length: number, number: number, stream: number): Uint32Array => {
    const key = number * 2 + (stream === STREAM.classes ? 0 : 1);
    const order = orders.get(key) ?? random.permutation(length, stream, number);
    orders.set(key, order);
    return order;
  };
  return new Sequence(count, (index) => {
    const round = Math.floor(index / names.length);
    const k = orderOf(names.length, round, STREAM.classes)[index % names.length];
    const { length } = members[k];
    const order = orderOf(length, Math.floor(round / length) * names.length + k, STREAM.choice);
    return items.at(members[k][order[round % length]]);
  });
}

function weighted<T>(
  items: Sequence<T>,
  names: readonly string[],
  members: readonly (readonly number[])[],
  weights: Readonly<Record<string, number>>,
  random: CounterRandom,
  count: number,
): Sequence<T> {
  const unknown = Object.keys(weights).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const remedy = `choose one of ${names.join(', ')}`;
    throw invalidOption('weights', `has the class ${unknown}, which no item has`, remedy);
  }
  const shares = names.map((name) => memberOf(weights, name) ?? 0);
  const total = shares.reduce((sum, share) => sum + share, 0);
  if (!shares.every((share) => share >= 0 && Number.isFinite(share)) || total === 0)
    throw invalidOption('weights', 'are not numbers from 0 on with one above 0', 'correct them');
  return new Sequence(count, (index) => {
    const [ofClass, ofItem] = random.uniforms(index, 0, STREAM.classes);
    let rest = ofClass * total;
    const k = shares.findIndex((share) => {
      rest -= share;
      return rest < 0;
    });
    return items.at(members[k][Math.floor(ofItem * members[k].length)]);
  });
}

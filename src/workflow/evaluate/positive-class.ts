/** Which class of a map is the positive one: water or flood, by the names of the classes. */
import { invalidOption } from '../../errors.js';
import { findClass } from './label.js';

const WET = /water|flood|inundat/;
/** `no_water`, `non-flooded`, `unflooded`, `nodata`, `background`. */
const ABSENT =
  /^(no|non|not|without|dry)\b|^(no|non|not|un)(?=water|flood|inundat|burn|chang|data)| free$|unknown|background|^other/;
/** Water without a flood. */
const PERMANENT = /permanent|perennial/;

/**
 * The positive class: the only class of water or flood that is not permanent, else the only one of permanent water.
 * Negated names (`no_water`) do not count. Of two classes without such a name, it is the one whose name is not negated,
 * else the second.
 * @returns null if no class qualifies
 * @throws {TerrachipError} INVALID_OPTION for an unknown name, and where several classes are possible
 */
export function findPositive(classes: readonly string[], name: string | undefined): number | null {
  if (name !== undefined) return findClass('positiveClass', name, classes);
  const words = classes.map((each) =>
    each
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
      .trim(),
  );
  const asserted = [...classes.keys()].filter((k) => !ABSENT.test(words[k]));
  const wet = asserted.filter((k) => WET.test(words[k]));
  const fleeting = wet.filter((k) => !PERMANENT.test(words[k]));
  const candidates = fleeting.length > 0 ? fleeting : wet;
  if (candidates.length === 1) return candidates[0];
  if (candidates.length === 0) {
    if (classes.length !== 2) return null;
    return asserted.length === 1 ? asserted[0] : 1;
  }
  const problem = `is not clear: ${candidates.map((k) => classes[k]).join(' and ')} may be meant, of the classes ${classes.join(', ')}`;
  throw invalidOption('positiveClass', problem, 'name one of them');
}

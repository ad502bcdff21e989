import { TerrachipError } from '../errors.js';
import type { Crs } from './crs.js';
export function userDefinedKeys(crs: Crs): Map<number, number | string | readonly number[]> {
  throw new TerrachipError('UNSUPPORTED', `${crs}`, 'x', { feature: 'x' });
}

import { invalidOption } from '../errors.js';

export const RESAMPLINGS = ['nearest', 'bilinear'] as const;
export type Resampling = (typeof RESAMPLINGS)[number];

/** @throws {TerrachipError} INVALID_OPTION for a name that is not a resampling. */
export function parseResampling(name: string, option = '--resampling'): Resampling {
  const found = RESAMPLINGS.find((resampling) => resampling === name);
  if (found === undefined) {
    throw invalidOption(option, `cannot be "${name}"`, `choose one of ${RESAMPLINGS.join(', ')}`);
  }
  return found;
}

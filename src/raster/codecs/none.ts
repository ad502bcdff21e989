import type { Decode } from './codec.js';

/** No compression. Copies, because predictors and byte order are undone in place. */
export const decode: Decode = (stored, { size }) => stored.slice(0, size);

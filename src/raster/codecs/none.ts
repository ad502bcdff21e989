import type { Decode } from './codec.js';

/** No compression: a copy, since predictors and byte orders are undone in place and a source keeps its bytes. */
export const decode: Decode = (stored, { size }) => stored.slice(0, size);

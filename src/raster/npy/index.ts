/** `.npy`, NumPy's format for one array. */
export { NpyArray } from './array.js';
export { NPY_MAGIC } from './header.js';

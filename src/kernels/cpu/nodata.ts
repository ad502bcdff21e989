import type { KernelRun } from '../../gpu/index.js';
import type { NODATA } from '../nodata.js';
import { convertStored } from './stored-values.js';

export const module = import.meta.url;

export const run: KernelRun<typeof NODATA> = ({ source, destination }, parameters, start, end) => {
  convertStored(source, start, end, destination, start, parameters);
};

// Exports that exist only under Node's condition.
import { statistics, toNdarray } from 'terrachip/geo';
import { type ByteSource, openSource } from 'terrachip/io';
import { createBackend } from 'terrachip/kernels';
import { readFeatures } from 'terrachip/vector';
import { tensor } from './geo.js';

const { mean }: { mean: number | null } = statistics(tensor);
const array = toNdarray(tensor);
export const first: number = array.get(0, 0) + (mean ?? 0);

/** A type whose declaration cannot be found becomes `any`, which accepts everything. */
type IsAny<T> = 0 extends 1 & T ? true : false;
export const arrayIsAny: IsAny<typeof array> = false;

export const backend = createBackend({ backend: 'cpu', threads: 0 });

export const readTwice = async (path: string): Promise<number> => {
  const source: ByteSource = await openSource(path);
  const { features } = await readFeatures(path);
  return source.close().then(() => features.length);
};

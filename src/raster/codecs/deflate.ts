import { inflateUpTo } from '../../io/inflate.js';
import type { Decode } from './codec.js';

/** Deflate in a zlib wrapper, by the platform's streams. What a stream holds beyond the wanted size is not read. */
export const decode: Decode = (stored, { size }) => inflateUpTo(stored, size, 'deflate');

import { inflateUpTo } from '../../io/inflate.js';
import type { Decode } from './codec.js';

/** Deflate in a zlib wrapper, by the platform's streams; reads no more than `size`. */
export const decode: Decode = (stored, { size }) => inflateUpTo(stored, size, 'deflate');

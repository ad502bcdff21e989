/** Decompression in Node: more codecs, and the threads that they run on. */
import { createDecoder } from '../../codecs/decoder.js';
import { decodingPool } from './pool.js';
import { CODECS } from './table.js';

/** Decodes on worker threads, one a core. */
export const nodeDecoder = createDecoder(CODECS, decodingPool?.run.bind(decodingPool));

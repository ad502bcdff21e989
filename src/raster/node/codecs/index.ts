/** Decompression in Node: more codecs, on worker threads. */
import { createDecoder } from '../../codecs/decoder.js';
import { decodingPool } from './pool.js';
import { CODECS } from './table.js';

/** Decodes on worker threads, one per core. */
export const nodeDecoder = createDecoder(CODECS, decodingPool?.run.bind(decodingPool));

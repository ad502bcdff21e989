/** Decompression in Node: more codecs, on worker threads. */
import { createDecoder } from '../../codecs/decoder.js';
import { decodeInThread } from './pool.js';
import { CODECS } from './table.js';

/** Decodes on worker threads, one per core. */
export const nodeDecoder = createDecoder(CODECS, decodeInThread ?? undefined);

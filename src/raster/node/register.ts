/** Registers Node's opener (files, all formats) and decoder (more codecs, on worker threads, one per core). */
import { createDecoder, registerDecoder } from '../codecs/decoder.js';
import { registerOpener } from '../open.js';
import { decoderThreads } from './codecs/pool.js';
import { CODECS } from './codecs/table.js';
import { openAnyRaster } from './open.js';

registerDecoder(createDecoder(CODECS, decoderThreads ?? undefined));
registerOpener(openAnyRaster);

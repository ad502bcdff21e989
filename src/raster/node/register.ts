/** Registers Node's opener (files, all formats) and decoder (worker threads). */
import { registerDecoder } from '../codecs/decoder.js';
import { registerOpener } from '../open.js';
import { nodeDecoder } from './codecs/index.js';
import { openAnyRaster } from './open.js';

registerDecoder(nodeDecoder);
registerOpener(openAnyRaster);

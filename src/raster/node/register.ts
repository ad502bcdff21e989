/** What Node adds to opening rasters: files, all formats, and worker threads that decode. */
import { registerDecoder } from '../codecs/decoder.js';
import { registerOpener } from '../open.js';
import { nodeDecoder } from './codecs/index.js';
import { openAnyRaster } from './open.js';

registerDecoder(nodeDecoder);
registerOpener(openAnyRaster);

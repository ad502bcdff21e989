import { lercCodec } from '../../codecs/lerc.js';
import {
  type Codec,
  type CodecTable,
  type Compression,
  codecOfBytes,
  deflateCodec,
  LERC,
  PORTABLE_CODECS,
} from '../../codecs/table.js';

const SHARP = {
  name: 'sharp',
  purpose: 'reading JPEG and WebP',
  load: () => import('./sharp.js').then(({ loadSharp }) => loadSharp()),
};
const LZMA = {
  name: '@napi-rs/lzma',
  purpose: 'reading LZMA',
  load: () => import('./lzma.js').then(({ loadLzma }) => loadLzma()),
};
const OPENJPEG = {
  name: '@cornerstonejs/codec-openjpeg',
  purpose: 'reading JPEG 2000',
  load: () => import('./jpeg2000.js').then(({ loadOpenJpeg }) => loadOpenJpeg()),
};

/** A codec of images by sharp, without predictors. */
const picture = (load: Codec['load']): Codec => ({
  ...codecOfBytes(load),
  requirement: SHARP,
  // Runs on libuv's threads.
  runs: 'here',
  predictors: false,
});
const deflate = deflateCodec(async (stored, { size, most }) =>
  (await import('./deflate.js')).inflate(stored, size, most),
);

/** The portable codecs, some replaced by Node's libraries, and those of optional packages. */
export const CODECS: CodecTable = new Map<Compression, Codec>([
  ...PORTABLE_CODECS,
  [7, picture(async () => ({ decode: (await import('./sharp.js')).decodeJpeg }))],
  [8, deflate],
  [32946, deflate],
  [LERC, lercCodec(() => import('lerc'))],
  [34925, { ...codecOfBytes(() => import('./lzma.js')), requirement: LZMA, runs: 'here' }],
  [50001, picture(async () => ({ decode: (await import('./sharp.js')).decodeWebp }))],
  ['jpeg2000', { ...codecOfBytes(() => import('./jpeg2000.js')), requirement: OPENJPEG, predictors: false }],
]);

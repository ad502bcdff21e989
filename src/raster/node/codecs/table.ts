import type { OptionalPackage } from '../optional-package.js';
import type { BlockCoding, Decode } from './codec.js';

/** A compression that TIFF blocks may have. */
export interface Codec {
  /** GDAL's name in lower case. */
  readonly name: string;
  readonly load: () => Promise<{ readonly decode: Decode }>;
  /** The optional package that it needs. */
  readonly requirement?: OptionalPackage;
  /** Where it decodes: on a worker thread, or on the calling one because there is nothing to do or libuv does it. */
  readonly runs: 'worker' | 'here';
  /** Whether a predictor may have been applied first. */
  readonly predictors: boolean;
  /** The most bytes that a stored one can give: fewer stored ones are refused before any memory is taken for them. */
  readonly expansion: number;
}

const bytes = (name: string, load: Codec['load'], expansion = Number.POSITIVE_INFINITY): Codec => ({
  name,
  load,
  runs: 'worker',
  predictors: true,
  expansion,
});

const SHARP = { name: 'sharp', load: () => import('./sharp.js').then(({ loadSharp }) => loadSharp()) };
// 258 bytes from two bits.
const deflate = bytes('deflate', () => import('./deflate.js'), 1032);

/** By tag 259. */
export const CODECS: ReadonlyMap<number, Codec> = new Map([
  [1, { ...bytes('none', () => import('./none.js'), 1), runs: 'here' }],
  // A string of all 3837 entries that a table can chain, from 12 bits.
  [5, bytes('lzw', () => import('./lzw.js'), 2558)],
  [
    7,
    {
      name: 'jpeg',
      load: () => import('./jpeg.js'),
      requirement: SHARP,
      runs: 'here',
      predictors: false,
      expansion: Number.POSITIVE_INFINITY,
    },
  ],
  [8, deflate],
  [32773, bytes('packbits', () => import('./packbits.js'), 64)],
  [32946, deflate],
  [34887, { ...bytes('lerc', () => import('./lerc.js')), predictors: false }],
  [
    34925,
    {
      name: 'lzma',
      load: () => import('./lzma.js'),
      requirement: {
        name: '@napi-rs/lzma',
        load: () => import('./lzma.js').then(({ loadLzma }) => loadLzma()),
      },
      runs: 'here',
      predictors: true,
      expansion: Number.POSITIVE_INFINITY,
    },
  ],
  [50000, bytes('zstd', () => import('./zstd.js'))],
  [
    50001,
    {
      name: 'webp',
      load: () => import('./webp.js'),
      requirement: SHARP,
      runs: 'here',
      predictors: false,
      expansion: Number.POSITIVE_INFINITY,
    },
  ],
]);

/** Tiles of JPEG 2000 files. */
export const JPEG2000: Codec = {
  ...bytes('jpeg2000', () => import('./jpeg2000.js')),
  requirement: {
    name: '@cornerstonejs/codec-openjpeg',
    load: () => import('./jpeg2000.js').then(({ loadOpenJpeg }) => loadOpenJpeg()),
  },
  predictors: false,
};

/** Those of TIFF blocks and of JPEG 2000. */
export const ALL_CODECS: readonly Codec[] = [...CODECS.values(), JPEG2000];

/** The codec of a block; undefined for a compression that is not read. */
export function codecOf({ compression, jpeg2000 }: BlockCoding): Codec | undefined {
  return jpeg2000 === null ? CODECS.get(compression) : JPEG2000;
}

/** GDAL's names of the compressions that are not read. */
const UNREAD: Readonly<Record<number, string>> = {
  2: 'ccittrle',
  3: 'ccittfax3',
  4: 'ccittfax4',
  6: 'old-style jpeg',
  50002: 'jxl',
  52546: 'jxl',
};

export function compressionName(compression: number): string {
  return CODECS.get(compression)?.name ?? UNREAD[compression] ?? `compression ${compression}`;
}

import type { Dtype } from '../../geo/index.js';

/** What the blocks of an image have in common. Plain data: it travels to worker threads. */
export interface BlockCoding {
  /** Tag 259. */
  readonly compression: number;
  /** Tag 317: 1 none, 2 horizontal differencing, 3 floating point. */
  readonly predictor: number;
  readonly littleEndian: boolean;
  /** Tag 266: true when the least significant bit of each stored byte comes first. */
  readonly reversedBits: boolean;
  /** Tag 262. */
  readonly photometric: number;
  /** Pixels in a row of a block. */
  readonly width: number;
  /** Rows of a stored tile or strip; the last strip may have fewer. */
  readonly height: number;
  /** Samples of a pixel that alternate in a row. */
  readonly samples: number;
  readonly dtype: Dtype;
  /** Bytes of a row, or of as many rows as share chroma. */
  readonly rowBytes: number;
  readonly rowsTogether: number;
  /** What predictors work on; a fraction for packed samples, which have none. */
  readonly bytesPerSample: number;
  /** What is swapped in big-endian files: less than a sample where that is complex, 1 where nothing is. */
  readonly bytesPerWord: number;
  /** Tag 347: the tables that the JPEG streams of an image share. */
  readonly jpegTables: Uint8Array<ArrayBuffer> | null;
  /** The second number of tag 50674: what LERC blobs are compressed by, 0 nothing, 1 deflate, 2 zstd. */
  readonly lercCompression: number;
  /** For a tile of JPEG 2000, which has no number among TIFF's compressions; else null. */
  readonly jpeg2000: Jpeg2000Coding | null;
}

/** How a tile lies in what its codestream decodes to. */
export interface Jpeg2000Coding {
  /** Resolutions left out: 0 for all of them, 1 for half the width and height, … */
  readonly reduction: number;
  /** What is decoded, at that resolution. */
  readonly width: number;
  readonly height: number;
  /** The tile's first pixel in it. */
  readonly x: number;
  readonly y: number;
}

/** How much one stored piece must give. */
export interface DecodeLimits {
  /** Bytes that are wanted; what a stream holds beyond them is ignored. */
  readonly size: number;
  /** Bytes that a stream may hold: some writers store the last strip in full, with rows below the image. */
  readonly most: number;
  /** Rows of pixels that are wanted. */
  readonly rows: number;
}

/**
 * Decompresses a tile or strip. What it returns may be shorter than wanted where the stream ends early, never longer
 * than `most` by more than a kilobyte, and may be a view of the stored bytes.
 * @throws {Error} whose message says what is wrong with the stream
 */
export type Decode = (
  stored: Uint8Array<ArrayBuffer>,
  limits: DecodeLimits,
  coding: BlockCoding,
) => Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;

import type { Dtype } from '../../geo/index.js';

/** Parameters common to the blocks of an image. Plain data, sent to worker threads. */
export interface BlockCoding {
  /** Tag 259. */
  readonly compression: number;
  /** Tag 317: 1 none, 2 horizontal differencing, 3 floating point. */
  readonly predictor: number;
  readonly littleEndian: boolean;
  /** Tag 266: true if the least significant bit of each stored byte comes first. */
  readonly reversedBits: boolean;
  /** Tag 262. */
  readonly photometric: number;
  /** Pixels in a row of a block. */
  readonly width: number;
  /** Rows of a stored tile or strip; the last strip may have fewer. */
  readonly height: number;
  /** Interleaved samples of a pixel. */
  readonly samples: number;
  readonly dtype: Dtype;
  /** Bytes of a row, or of the `rowsTogether` rows that share chroma. */
  readonly rowBytes: number;
  readonly rowsTogether: number;
  /** Sample size of predictors; a fraction for packed samples, which have none. */
  readonly bytesPerSample: number;
  /** Bytes swapped together in big-endian files: half a complex sample, 1 for no swap. */
  readonly bytesPerWord: number;
  /** Tag 347: shared tables of the image's JPEG streams. */
  readonly jpegTables: Uint8Array<ArrayBuffer> | null;
  /** The second number of tag 50674: compression of LERC blobs, 0 none, 1 deflate, 2 zstd. */
  readonly lercCompression: number;
  /** For a tile of a JPEG 2000 file; else null. */
  readonly jpeg2000: Jpeg2000Coding | null;
}

/** A tile's window in its decoded codestream. */
export interface Jpeg2000Coding {
  /** Discarded resolutions: 0 for none, 1 for half the width and height, … */
  readonly reduction: number;
  /** Size of the decoded image, at that resolution. */
  readonly width: number;
  readonly height: number;
  /** The tile's first pixel in it. */
  readonly x: number;
  readonly y: number;
}

/** Size limits of one decoded piece. */
export interface DecodeLimits {
  /** Bytes to decode; the rest of the stream is ignored. */
  readonly size: number;
  /** The most bytes of a stream: some writers store the last strip in full, with rows below the image. */
  readonly most: number;
  /** Rows of pixels to decode. */
  readonly rows: number;
}

/**
 * Decompresses a tile or strip. The result may be shorter than `size` for a truncated stream, is at most a kilobyte longer
 * than `most`, and may be a view of the stored bytes.
 * @param target memory of `size` bytes that a whole result may use
 * @throws {Error} with the problem of the stream
 */
export type Decode = (
  stored: Uint8Array<ArrayBuffer>,
  limits: DecodeLimits,
  coding: BlockCoding,
  target?: Uint8Array<ArrayBuffer>,
) => Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;

import { allocateArray, type Dtype, type PixelWindow, type TypedArray, viewArray } from '../../geo/index.js';
import { intersectWindows } from '../../geo/windows.js';
import { untilAborted, withTaskSignal } from '../../io/abort.js';
import type { ByteSource } from '../../io/index.js';
import { mapConcurrently } from '../../io/semaphore.js';
import { copyBox } from '../arrays/copy.js';
import { type BlockCache, createBlockCache, type LentBlock } from '../block-cache.js';
import { type BlockDecoder, defaultDecoder } from '../codecs/decoder.js';
import type { Georeference } from '../geotiff/georeference.js';
import { type Pam, withPam } from '../pam.js';
import type { BandInfo, BlockGrid, ColourTable, MaskRequest, Metadata, WindowRequest } from '../raster.js';
import { DescribedRaster, gridOf } from '../raster-view.js';
import { levelSize, requireBands, requireWindow } from '../request.js';
import { damagedJp2, readBoxes } from './boxes.js';
import { type Codestream, readCodestream } from './codestream.js';
import { readJp2Georeference } from './georeference.js';
import { ceilShift, placeTile, tileCodestream, tileCoding } from './tile-codestream.js';
import { TileTable } from './tile-table.js';

/** How a JPEG 2000 file is opened. */
export interface Jp2Options {
  /** Cache of decoded tiles; default: its own, of 128 MiB. */
  cache?: BlockCache;
  /** The content of its `.aux.xml` file. */
  pam?: Pam | null;
  /** Decoder of its tiles; default: in Node OpenJPEG on worker threads, elsewhere none. */
  decoder?: BlockDecoder;
  signal?: AbortSignal;
}

/** Limits of tiles in flight: decoded bytes and number. */
const BYTES_UNDER_WAY = 64 * 2 ** 20;
const TILES_UNDER_WAY = 8;

/** Limits of a tile's stored bytes relative to its samples; more is damaged or hostile. */
const MOST_EXPANSION = 4;
const HEADER_ALLOWANCE = 2 ** 16;

/**
 * A tile that decodes to more than this needs a stored byte per `MOST_BYTES_A_STORED`, so that a tiny file cannot allocate
 * half a gigabyte. This also rejects an empty untiled image of that size.
 */
const LARGE_TILE_BYTES = 2 ** 25;
const MOST_BYTES_A_STORED = 2 ** 14;

const COLOURS = ['red', 'green', 'blue'];

function dtypeOf({ bits, signed }: Codestream): Dtype {
  return bits <= 8 ? 'uint8' : signed ? 'int16' : 'uint16';
}

/** The file's own metadata, without sidecars. */
function describe(
  codestream: Codestream,
  place: Georeference,
): { bands: BandInfo[]; metadata: Metadata; place: Georeference; colourTable: ColourTable | null } {
  const { bits, signed, components } = codestream;
  const bands = Array.from(
    { length: components },
    (_, k): BandInfo => ({
      index: k + 1,
      dtype: dtypeOf(codestream),
      storedType: `${signed ? 'int' : 'uint'}${bits}`,
      components: 1,
      nodata: null,
      scale: 1,
      offset: 0,
      description: null,
      colourInterpretation: components === 3 ? COLOURS[k] : 'gray',
      metadata: {},
    }),
  );
  return { bands, metadata: {}, place, colourTable: null };
}

let nextId = 0;

/** A tile, in pixels of the level that is read. */
interface TilePart extends PixelWindow {
  readonly column: number;
  readonly row: number;
}

/**
 * A JPEG 2000 image, JP2 or a bare codestream. Its overviews are the wavelet resolutions. Tiles are fetched and decoded
 * one by one; an untiled image is decoded whole.
 */
export class Jp2Raster extends DescribedRaster {
  readonly #source: ByteSource;
  readonly #codestream: Codestream;
  readonly #tiles: TileTable;
  readonly #cache: BlockCache;
  readonly #decoder: BlockDecoder;
  readonly #dtype: Dtype;
  readonly #id = `jp2:${nextId++}`;

  private constructor(
    source: ByteSource,
    codestream: Codestream,
    about: ReturnType<typeof describe>,
    { cache = createBlockCache(), decoder = defaultDecoder() }: Jp2Options,
  ) {
    const { width, height, reductions, tileWidth, tileHeight } = codestream;
    const { place, ...rest } = about;
    super({
      ...rest,
      ...place,
      name: source.name,
      width,
      height,
      geobox: gridOf(place, width, height),
      compression: 'jpeg2000',
      predictor: 1,
      blockSize: [tileWidth, tileHeight],
      overviews: Array.from({ length: reductions }, (_, k) => [
        ceilShift(width, k + 1),
        ceilShift(height, k + 1),
      ]),
      mask: null,
    });
    this.#source = source;
    this.#codestream = codestream;
    this.#tiles = new TileTable(source, codestream);
    this.#cache = cache;
    this.#decoder = decoder;
    this.#dtype = dtypeOf(codestream);
  }

  /**
   * Reads the headers. The raster owns the source from then on.
   * @throws {TerrachipError} INVALID_INPUT for a damaged file; UNSUPPORTED for components other than one of at most 16
   * bits or three of at most 8, or an image with an offset from its grid's origin
   */
  static async open(source: ByteSource, options: Jp2Options = {}): Promise<Jp2Raster> {
    const { signal } = options;
    const reading = { signal };
    const boxes = await readBoxes(source, reading);
    const codestream = await readCodestream(source, boxes.codestream, reading);
    const place = await readJp2Georeference(source.name, boxes, signal);
    const about = withPam(describe(codestream, place), options.pam ?? null);
    return new Jp2Raster(source, codestream, about, options);
  }

  blockGrids({ level = 0 }: Pick<WindowRequest, 'level'> = {}): BlockGrid[] {
    const [width, height] = this.blockSize.map((side) => ceilShift(side, level));
    return [{ width, height, bytes: width * height * this.#sampleBytes }];
  }

  async readPlanes(request: WindowRequest = {}): Promise<TypedArray[]> {
    const { level = 0, signal } = request;
    const size = levelSize(this, level);
    const window = requireWindow(this.name, request.window, size);
    const { components } = this.#codestream;
    const bands = requireBands(this.name, request.bands, components);
    await this.#decoder.require(this.name, 'jpeg2000');
    const planes = bands.map((): TypedArray => allocateArray(this.#dtype, window.width * window.height));
    const tiles = this.#tilesUnder(window, level);
    const tileBytes = this.#codestream.tileWidth * this.#codestream.tileHeight * this.#sampleBytes;
    const limit = Math.max(1, Math.min(TILES_UNDER_WAY, Math.floor(BYTES_UNDER_WAY / tileBytes)));
    await withTaskSignal(signal, async (own) => {
      const reading = mapConcurrently(
        tiles,
        limit,
        async (tile) => {
          const use = (values: TypedArray): void => {
            for (const [i, band] of bands.entries())
              copyTile(tile, values, band - 1, components, planes[i], window);
          };
          await this.#useTile(tile, level, use, own);
        },
        own,
      );
      await untilAborted(reading, own);
    });
    return planes;
  }

  async readMask(request: MaskRequest = {}): Promise<null> {
    requireWindow(this.name, request.window, levelSize(this, request.level ?? 0));
    return null;
  }

  dispose(): Promise<void> {
    return this.#source.dispose();
  }

  get #sampleBytes(): number {
    return this.#codestream.components * (this.#dtype === 'uint8' ? 1 : 2);
  }

  #tilesUnder(window: PixelWindow, level: number): TilePart[] {
    const { width, height, tileWidth, tileHeight } = this.#codestream;
    /** The tiles along one axis: index, first pixel and pixels. */
    const along = (size: number, limit: number, first: number, length: number) =>
      Array.from({ length: Math.ceil(limit / size) }, (_, index) => {
        const [start, end] = [index, index + 1].map((k) => ceilShift(Math.min(k * size, limit), level));
        return { index, start, length: end - start };
      }).filter((part) => part.length > 0 && part.start < first + length && part.start + part.length > first);
    const columns = along(tileWidth, width, window.x, window.width);
    return along(tileHeight, height, window.y, window.height).flatMap((row) =>
      columns.map((column) => ({
        column: column.index,
        row: row.index,
        x: column.start,
        y: row.start,
        width: column.length,
        height: row.length,
      })),
    );
  }

  #useTile(
    part: TilePart,
    level: number,
    use: (values: TypedArray) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { tileWidth, width } = this.#codestream;
    const index = part.row * Math.ceil(width / tileWidth) + part.column;
    const decode = (): Promise<LentBlock> => this.#decode(part, level, signal);
    return this.#cache.use(`${this.#id}:${level}`, index, decode, use, signal);
  }

  async #decode({ column, row, ...size }: TilePart, level: number, signal: AbortSignal): Promise<LentBlock> {
    const { name } = this;
    const { tileWidth, width, components } = this.#codestream;
    const place = placeTile(name, this.#codestream, column, row);
    const tile = row * Math.ceil(width / tileWidth) + column;
    const parts = await this.#tiles.locate(tile, { signal });
    if (parts.length === 0) throw damagedJp2(name, `tile ${tile} is missing`);
    const storedBytes = parts.reduce((sum, { length }) => sum + length, 0);
    const samples = (place.x.end - place.x.start) * (place.y.end - place.y.start) * this.#sampleBytes;
    if (storedBytes > MOST_EXPANSION * samples + HEADER_ALLOWANCE) {
      throw damagedJp2(name, `tile ${tile} takes ${storedBytes} bytes for ${samples} bytes of samples`);
    }
    const isTiny = samples > LARGE_TILE_BYTES && storedBytes < samples / MOST_BYTES_A_STORED;
    if (isTiny)
      throw damagedJp2(name, `tile ${tile} has ${storedBytes} bytes for ${samples} bytes of samples`);
    this.#cache.counters.bytesRead += storedBytes;
    const stored = await Promise.all(
      parts.map(({ offset, length }) => this.#source.read(offset, length, { signal })),
    );
    const bytes = await this.#decoder.decode(
      name,
      {
        coding: {
          compression: 0,
          predictor: 1,
          littleEndian: true,
          reversedBits: false,
          photometric: 1,
          width: size.width,
          height: size.height,
          samples: components,
          dtype: this.#dtype,
          rowBytes: size.width * this.#sampleBytes,
          rowsTogether: 1,
          bytesPerSample: this.#sampleBytes / components,
          bytesPerWord: this.#sampleBytes / components,
          jpegTables: null,
          lercCompression: 0,
          jpeg2000: tileCoding(place, level),
        },
        pieces: [{ stored: tileCodestream(name, this.#codestream, place, tile, stored), rows: size.height }],
      },
      signal,
    );
    const values = viewArray(
      this.#dtype,
      bytes.buffer,
      bytes.byteOffset,
      size.width * size.height * components,
    );
    return { values, release: () => this.#decoder.release?.(bytes) };
  }
}

/** Copies one component of a tile into a plane, clipped to the window. */
function copyTile(
  tile: PixelWindow,
  values: TypedArray,
  component: number,
  components: number,
  plane: TypedArray,
  window: PixelWindow,
): void {
  const part = intersectWindows(window, tile);
  if (part === null) return;
  const from = (part.y - tile.y) * tile.width + part.x - tile.x;
  const to = (part.y - window.y) * window.width + part.x - window.x;
  copyBox(
    [part.height, part.width],
    { data: values, offset: from * components + component, strides: [tile.width * components, components] },
    { data: plane, offset: to, strides: [window.width, 1] },
  );
}

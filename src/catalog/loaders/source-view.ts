import { invalidInput } from '../../errors.js';
import type { Affine, Crs, GeoBox, GeoTensor, TypedArray } from '../../geo/index.js';
import {
  type BandInfo,
  type ColourTable,
  levelBox,
  type MaskKind,
  type MaskRequest,
  type Metadata,
  type Raster,
  type ReadRequest,
  type WindowRequest,
} from '../../raster/index.js';
import type { QualityReader } from './quality.js';

/** A raster as its catalog row sees it: what the row says of its bands, and without what a quality band takes away. */
export class SourceView implements Raster {
  readonly bands: readonly BandInfo[];
  readonly mask: MaskKind;
  /** Pixels that the quality band took away from what was read. */
  maskedPixels = 0;
  readonly #raster: Raster;
  readonly #quality: QualityReader | null;

  constructor(raster: Raster, bands: readonly BandInfo[], quality: QualityReader | null) {
    this.#raster = raster;
    this.#quality = quality;
    this.bands = bands;
    this.mask = quality !== null && raster.mask !== 'band masks' ? 'mask' : raster.mask;
  }

  get name(): string {
    return this.#raster.name;
  }
  get width(): number {
    return this.#raster.width;
  }
  get height(): number {
    return this.#raster.height;
  }
  get crs(): Crs | null {
    return this.#raster.crs;
  }
  get transform(): Affine | null {
    return this.#raster.transform;
  }
  get geobox(): GeoBox | null {
    return this.#raster.geobox;
  }
  get compression(): string {
    return this.#raster.compression;
  }
  get predictor(): number {
    return this.#raster.predictor;
  }
  get blockSize(): readonly [number, number] {
    return this.#raster.blockSize;
  }
  get overviews(): readonly (readonly [number, number])[] {
    return this.#raster.overviews;
  }
  get colourTable(): ColourTable | null {
    return this.#raster.colourTable;
  }
  get metadata(): Metadata {
    return this.#raster.metadata;
  }
  get gcps(): Raster['gcps'] {
    return this.#raster.gcps;
  }
  get hasRpc(): boolean {
    return this.#raster.hasRpc;
  }
  get placeProblem(): string | null {
    return this.#raster.placeProblem;
  }

  readPlanes(request?: WindowRequest): Promise<TypedArray[]> {
    return this.#raster.readPlanes(request);
  }

  read(request?: ReadRequest): Promise<GeoTensor> {
    return this.#raster.read(request);
  }

  close(): Promise<void> {
    return this.#raster.close();
  }

  /** The file's own mask, without what the quality band takes away. */
  async readMask(request: MaskRequest = {}): Promise<Uint8Array | null> {
    const own = this.#raster.mask === null ? null : await this.#raster.readMask(request);
    if (this.#quality === null) return own;
    const level = levelBox(this.#raster, request.level ?? 0);
    const { x, y, width, height } = request.window ?? {
      x: 0,
      y: 0,
      width: level.width,
      height: level.height,
    };
    const quality = await this.#quality.validity(level.window(x, y, width, height), request.signal);
    if (own !== null && own.length !== quality.length) {
      throw invalidInput(this.name, 'has a mask of another size than its pixels', 'get the file again');
    }
    let masked = 0;
    const result = new Uint8Array(quality.length);
    for (let i = 0; i < result.length; i++) {
      if (quality[i] === 0) masked++;
      else result[i] = own === null ? 255 : own[i];
    }
    this.maskedPixels += masked;
    return result;
  }
}

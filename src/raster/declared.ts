import { invalidInput } from '../errors.js';
import type { Affine, Crs, GeoBox, GeoTensor, TypedArray } from '../geo/index.js';
import type {
  BandInfo,
  ColourTable,
  MaskKind,
  MaskRequest,
  Metadata,
  Raster,
  ReadRequest,
  WindowRequest,
} from './raster.js';
import { readTensor } from './request.js';

/** What a product's metadata says of a file that cannot say it itself. */
export interface Declarations {
  /** The value of pixels without data, in stored units; null for none. Default: the file's own. */
  readonly nodata?: number | null;
  /** Other values that stand for no measurement, as of saturated pixels: read as nodata, which must be given too. */
  readonly invalid?: readonly number[];
  /** Where the file lies, for one that does not say it. Its size must be the file's. */
  readonly geobox?: GeoBox;
}

/** A raster with what something beside it says about it. */
export class DeclaredRaster implements Raster {
  readonly bands: readonly BandInfo[];
  readonly crs: Crs | null;
  readonly transform: Affine | null;
  readonly geobox: GeoBox | null;
  readonly #raster: Raster;
  readonly #invalid: readonly number[];
  readonly #nodata: number;

  /** @throws {TerrachipError} INVALID_INPUT when the declared grid is not of the file's size */
  constructor(raster: Raster, declarations: Declarations) {
    const { nodata, invalid = [], geobox } = declarations;
    this.#raster = raster;
    this.#invalid = invalid;
    this.#nodata = nodata ?? 0;
    this.bands = nodata === undefined ? raster.bands : raster.bands.map((band) => ({ ...band, nodata }));
    if (geobox !== undefined && (geobox.width !== raster.width || geobox.height !== raster.height)) {
      throw invalidInput(
        raster.name,
        `has ${raster.width} × ${raster.height} pixels, but its product says ${geobox.width} × ${geobox.height}`,
        'get the product again',
      );
    }
    const placed = raster.geobox ?? geobox ?? null;
    this.geobox = placed;
    this.crs = placed?.crs ?? raster.crs;
    this.transform = placed?.transform ?? raster.transform;
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
  get mask(): MaskKind {
    return this.#raster.mask;
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

  async readPlanes(request?: WindowRequest): Promise<TypedArray[]> {
    const planes = await this.#raster.readPlanes(request);
    if (this.#invalid.length === 0) return planes;
    for (const plane of planes) {
      for (let i = 0; i < plane.length; i++) if (this.#invalid.includes(plane[i])) plane[i] = this.#nodata;
    }
    return planes;
  }

  readMask(request?: MaskRequest): Promise<Uint8Array | null> {
    return this.#raster.readMask(request);
  }

  read(request?: ReadRequest): Promise<GeoTensor> {
    return readTensor(this, request);
  }

  close(): Promise<void> {
    return this.#raster.close();
  }
}

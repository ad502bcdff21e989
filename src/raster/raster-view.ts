import { type Affine, type Crs, GeoBox, type GeoTensor, type TypedArray } from '../geo/index.js';
import { Resource } from '../resource.js';
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

/** The metadata of a raster. */
export type RasterInfo = Omit<
  Raster,
  'readPlanes' | 'readMask' | 'read' | 'dispose' | 'close' | typeof Symbol.asyncDispose
>;

/** The grid of a raster; null without CRS or transform. */
export function gridOf(
  { crs, transform }: Pick<Raster, 'crs' | 'transform'>,
  width: number,
  height: number,
): GeoBox | null {
  return crs === null || transform === null ? null : new GeoBox(crs, transform, width, height);
}

/** Base class of rasters: the getters of their metadata, and `read`. */
export abstract class DescribedRaster extends Resource implements Raster {
  readonly #info: RasterInfo;

  constructor(info: RasterInfo) {
    super();
    this.#info = info;
  }

  get name(): string {
    return this.#info.name;
  }
  get width(): number {
    return this.#info.width;
  }
  get height(): number {
    return this.#info.height;
  }
  get bands(): readonly BandInfo[] {
    return this.#info.bands;
  }
  get crs(): Crs | null {
    return this.#info.crs;
  }
  get transform(): Affine | null {
    return this.#info.transform;
  }
  get geobox(): GeoBox | null {
    return this.#info.geobox;
  }
  get compression(): string {
    return this.#info.compression;
  }
  get predictor(): number {
    return this.#info.predictor;
  }
  get blockSize(): readonly [number, number] {
    return this.#info.blockSize;
  }
  get overviews(): readonly (readonly [number, number])[] {
    return this.#info.overviews;
  }
  get colourTable(): ColourTable | null {
    return this.#info.colourTable;
  }
  get metadata(): Metadata {
    return this.#info.metadata;
  }
  get mask(): MaskKind {
    return this.#info.mask;
  }
  get gcps(): Raster['gcps'] {
    return this.#info.gcps;
  }
  get hasRpc(): boolean {
    return this.#info.hasRpc;
  }
  get swath(): readonly [latitude: string, longitude: string] | null {
    return this.#info.swath ?? null;
  }
  get placeProblem(): string | null {
    return this.#info.placeProblem;
  }

  abstract readPlanes(request?: WindowRequest): Promise<TypedArray[]>;

  abstract readMask(request?: MaskRequest): Promise<Uint8Array | null>;

  read(request?: ReadRequest): Promise<GeoTensor> {
    return readTensor(this, request);
  }
}

/** Base class of views: forwards everything to another raster. Closing the view closes that raster. */
export class RasterView extends DescribedRaster {
  readonly #raster: Raster;

  constructor(raster: Raster) {
    super(raster);
    this.#raster = raster;
  }

  readPlanes(request?: WindowRequest): Promise<TypedArray[]> {
    return this.#raster.readPlanes(request);
  }

  readMask(request?: MaskRequest): Promise<Uint8Array | null> {
    return this.#raster.readMask(request);
  }

  override read(request?: ReadRequest): Promise<GeoTensor> {
    return this.#raster.read(request);
  }

  close(): Promise<void> {
    return this.#raster.close();
  }
}

import type { Affine, Crs, GeoBox, GeoTensor, TypedArray } from '../geo/index.js';
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

/** Base class of views: forwards everything to another raster. Closing the view closes that raster. */
export class RasterView extends Resource implements Raster {
  readonly #raster: Raster;

  constructor(raster: Raster) {
    super();
    this.#raster = raster;
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
  get bands(): readonly BandInfo[] {
    return this.#raster.bands;
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
  get mask(): MaskKind {
    return this.#raster.mask;
  }
  get gcps(): Raster['gcps'] {
    return this.#raster.gcps;
  }
  get hasRpc(): boolean {
    return this.#raster.hasRpc;
  }
  get swath(): readonly [latitude: string, longitude: string] | null {
    return this.#raster.swath ?? null;
  }
  get placeProblem(): string | null {
    return this.#raster.placeProblem;
  }

  readPlanes(request?: WindowRequest): Promise<TypedArray[]> {
    return this.#raster.readPlanes(request);
  }

  readMask(request?: MaskRequest): Promise<Uint8Array | null> {
    return this.#raster.readMask(request);
  }

  read(request?: ReadRequest): Promise<GeoTensor> {
    return this.#raster.read(request);
  }

  close(): Promise<void> {
    return this.#raster.close();
  }
}

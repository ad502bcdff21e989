import { type Affine, type Crs, GeoBox, type GeoTensor, type TypedArray } from '../geo/index.js';
import { Resource } from '../resource.js';
import type {
  BandInfo,
  BlockGrid,
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
export type RasterInfo = Omit<Raster, 'blockGrids' | 'readPlanes' | 'readMask' | 'read' | keyof Resource>;

/** The grid of a raster; null without CRS or transform. */
export function gridOf(
  { crs, transform }: Pick<Raster, 'crs' | 'transform'>,
  width: number,
  height: number,
): GeoBox | null {
  return crs === null || transform === null ? null : new GeoBox(crs, transform, width, height);
}

/** Base class of rasters: their metadata, and `read`. */
export abstract class DescribedRaster extends Resource implements Raster {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly bands: readonly BandInfo[];
  readonly crs: Crs | null;
  readonly transform: Affine | null;
  readonly geobox: GeoBox | null;
  readonly compression: string;
  readonly predictor: number;
  readonly blockSize: readonly [number, number];
  readonly overviews: readonly (readonly [number, number])[];
  readonly colourTable: ColourTable | null;
  readonly metadata: Metadata;
  readonly mask: MaskKind;
  readonly gcps: Raster['gcps'];
  readonly hasRpc: boolean;
  readonly swath: readonly [latitude: string, longitude: string] | null;
  readonly placeProblem: string | null;

  /** @param changes fields that differ from `info` */
  constructor(
    info: RasterInfo,
    {
      bands = info.bands,
      crs = info.crs,
      transform = info.transform,
      geobox = info.geobox,
      mask = info.mask,
    }: Partial<RasterInfo> = {},
  ) {
    super();
    this.name = info.name;
    this.width = info.width;
    this.height = info.height;
    this.bands = bands;
    this.crs = crs;
    this.transform = transform;
    this.geobox = geobox;
    this.compression = info.compression;
    this.predictor = info.predictor;
    this.blockSize = info.blockSize;
    this.overviews = info.overviews;
    this.colourTable = info.colourTable;
    this.metadata = info.metadata;
    this.mask = mask;
    this.gcps = info.gcps;
    this.hasRpc = info.hasRpc;
    this.swath = info.swath ?? null;
    this.placeProblem = info.placeProblem;
  }

  abstract readPlanes(request?: WindowRequest): Promise<TypedArray[]>;

  abstract readMask(request?: MaskRequest): Promise<Uint8Array | null>;

  read(request?: ReadRequest): Promise<GeoTensor> {
    return readTensor(this, request);
  }
}

/** Base class of views: forwards everything to another raster. Disposing of the view disposes of that raster. */
export class RasterView extends DescribedRaster {
  readonly #raster: Raster;

  constructor(raster: Raster, changes?: Partial<RasterInfo>) {
    super(raster, changes);
    this.#raster = raster;
  }

  blockGrids(request?: Pick<WindowRequest, 'bands' | 'level'>): readonly BlockGrid[] {
    return this.#raster.blockGrids?.(request) ?? [];
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

  dispose(): Promise<void> {
    return this.#raster.dispose();
  }
}

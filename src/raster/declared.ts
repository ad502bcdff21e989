import { invalidInput } from '../errors.js';
import type { GeoBox, GeoTensor, TypedArray } from '../geo/index.js';
import type { Raster, ReadRequest, WindowRequest } from './raster.js';
import { RasterView } from './raster-view.js';
import { readTensor } from './request.js';

/** A product's metadata that its files lack. */
export interface Declarations {
  /** Nodata in stored units; null for none. Default: the file's own. */
  readonly nodata?: number | null;
  /** Other invalid values, such as saturated pixels: read as `nodata`, which must be given too. */
  readonly invalid?: readonly number[];
  /** The grid of a file without georeference; of the file's size. */
  readonly geobox?: GeoBox;
}

/** A raster with declared metadata. */
export class DeclaredRaster extends RasterView {
  readonly #invalid: readonly number[];
  readonly #nodata: number;

  /** @throws {TerrachipError} INVALID_INPUT for a declared grid of another size than the file */
  constructor(raster: Raster, { nodata, invalid = [], geobox: declared }: Declarations) {
    if (declared !== undefined && (declared.width !== raster.width || declared.height !== raster.height)) {
      throw invalidInput(
        raster.name,
        `has ${raster.width} × ${raster.height} pixels, but its product says ${declared.width} × ${declared.height}`,
        'get the product again',
      );
    }
    const geobox = raster.geobox ?? declared;
    const bands = nodata === undefined ? raster.bands : raster.bands.map((band) => ({ ...band, nodata }));
    super(raster, { bands, geobox, crs: geobox?.crs, transform: geobox?.transform });
    this.#invalid = invalid;
    this.#nodata = nodata ?? 0;
  }

  override async readPlanes(request?: WindowRequest): Promise<TypedArray[]> {
    const planes = await super.readPlanes(request);
    if (this.#invalid.length === 0) return planes;
    for (const plane of planes) {
      for (let i = 0; i < plane.length; i++) if (this.#invalid.includes(plane[i])) plane[i] = this.#nodata;
    }
    return planes;
  }

  override read(request?: ReadRequest): Promise<GeoTensor> {
    return readTensor(this, request);
  }
}

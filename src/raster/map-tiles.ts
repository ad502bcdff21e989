/** Tiles of web maps: a raster warped onto the squares that the map asks for. */
import { invalidOption, tooLarge } from '../errors.js';
import { Affine, Crs, createTransform, GeoBox } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import type { Resampling } from '../kernels/index.js';
import { suitsCategories } from '../kernels/resampling.js';
import { readPixels } from './pixels.js';
import type { Raster } from './raster.js';
import { noReference, requireReal } from './request.js';
import { WarpedRaster } from './warped.js';

/** Width and height of a tile in pixels. */
export const MAP_TILE_SIZE = 256;

/** The finest zoom of tiles: pixels of a centimetre. */
export const FINEST_ZOOM = 24;

/** The CRS of web maps. */
const MERCATOR = 3857;

/** Half the width of the map: π times the radius of WGS 84's ellipsoid, in metres. */
export const HALF_WORLD = Math.PI * 6_378_137;

/** Source pixels of all bands that one tile may read: more than that takes many seconds. */
const MOST_SOURCE_PIXELS = 2 ** 28;

/** A tile of a web map in EPSG:3857: zoom 0 is the whole world, x counts eastwards and y southwards. */
export interface MapTile {
  readonly z: number;
  readonly x: number;
  readonly y: number;
}

/**
 * The grid of a tile: 256 × 256 pixels in EPSG:3857.
 * @throws {TerrachipError} INVALID_OPTION for a tile that is not on the map, or a zoom above 24
 */
export function mapTileGrid({ z, x, y }: MapTile): GeoBox {
  const tiles = 2 ** z;
  const isTile = Number.isInteger(z) && z >= 0 && z <= FINEST_ZOOM;
  const isOnMap = [x, y].every((each) => Number.isInteger(each) && each >= 0 && each < tiles);
  if (!isTile || !isOnMap) {
    const remedy = `give a zoom from 0 to ${FINEST_ZOOM}, and x and y from 0 to below 2 ** zoom`;
    throw invalidOption('tile', `cannot be ${z}/${x}/${y}`, remedy);
  }
  const side = (2 * HALF_WORLD) / tiles;
  const pixel = side / MAP_TILE_SIZE;
  const corner = new Affine(pixel, 0, x * side - HALF_WORLD, 0, -pixel, HALF_WORLD - y * side);
  return new GeoBox(MERCATOR, corner, MAP_TILE_SIZE, MAP_TILE_SIZE);
}

/** What `MapTiles.read` reads of a raster. */
export interface MapTileOptions {
  /** Band numbers from 1 (default: all). */
  bands?: readonly number[];
  /** Default: nearest, which is always used for a palette. */
  resampling?: Resampling;
  signal?: AbortSignal;
}

/** A pixel of a raster, and its values. */
export interface PixelAt {
  /** From 0, of the full resolution. */
  readonly column: number;
  readonly row: number;
  /** Coordinates in the raster's CRS. */
  readonly x: number;
  readonly y: number;
  /** Stored values, one a band; null for no data. */
  readonly values: readonly (number | null)[];
}

/** A raster as tiles of a web map, warped on a device. At coarse zooms, tiles are read from overviews, as by gdalwarp. */
export class MapTiles {
  readonly raster: Raster;
  readonly #backend: Backend;
  readonly #geobox: GeoBox;

  /** @throws {TerrachipError} INVALID_INPUT for a raster without a place; UNSUPPORTED for complex bands */
  constructor(backend: Backend, raster: Raster) {
    if (raster.geobox === null) throw noReference(raster);
    requireReal(raster);
    this.raster = raster;
    this.#backend = backend;
    this.#geobox = raster.geobox;
  }

  /**
   * Physical values of a tile, NaN for no data: 256 × 256 for each band, in their order. Numbers that float32 cannot hold
   * are rounded to it.
   * @returns null for a tile beside the raster
   * @throws {TerrachipError} INVALID_OPTION for no tile of the map; INVALID_INPUT for an unknown band; TOO_LARGE for a
   * tile over too many pixels of a raster without overviews
   */
  async read(tile: MapTile, options: MapTileOptions = {}): Promise<Float32Array[] | null> {
    const { bands, resampling = 'nearest', signal } = options;
    const isPalette = this.raster.bands.some(
      ({ colourInterpretation }) => colourInterpretation === 'palette',
    );
    const warped = new WarpedRaster(this.#backend, this.raster, {
      geobox: mapTileGrid(tile),
      resampling: isPalette && !suitsCategories(resampling) ? 'nearest' : resampling,
      bands,
      overview: 'auto',
    });
    const rows = { start: 0, end: MAP_TILE_SIZE };
    const windows = warped.sourceWindows(rows);
    if (windows.length === 0) return null;
    const pixels = windows.reduce((sum, { width, height }) => sum + width * height, 0) * warped.bandCount;
    if (pixels > MOST_SOURCE_PIXELS) {
      throw tooLarge(
        `${this.raster.name} has ${pixels} pixels under one tile of the map, more than the limit of ${MOST_SOURCE_PIXELS}`,
        'zoom in, or give it overviews (gdaladdo)',
        { size: pixels, limit: MOST_SOURCE_PIXELS },
      );
    }
    if (warped.exceedsFloat32) {
      return (await warped.readExactRows(rows, signal)).map((plane) => Float32Array.from(plane));
    }
    const planes: DeviceTensor<'float32'>[] = [];
    try {
      for (let k = 0; k < warped.bandCount; k++)
        planes.push(this.#backend.allocate([MAP_TILE_SIZE, MAP_TILE_SIZE], 'float32'));
      await warped.readRows(rows, planes, 0, signal);
      const values: Float32Array[] = [];
      for (const plane of planes) values.push(await this.#backend.download(plane));
      return values;
    } finally {
      for (const plane of planes) plane.dispose();
    }
  }

  /**
   * The pixel under a position, read at full resolution.
   * @param longitude in degrees, modulo 360
   * @param bands numbers from 1 (default: all)
   * @returns null beside the raster
   */
  async valueAt(
    longitude: number,
    latitude: number,
    bands?: readonly number[],
    signal?: AbortSignal,
  ): Promise<PixelAt | null> {
    const { crs, transform, width, height } = this.#geobox;
    const within = longitude - 360 * Math.floor((longitude + 180) / 360);
    const { forward } = createTransform(Crs.wgs84, crs);
    const inverse = transform.inverse();
    // A grid in degrees may continue beyond 180.
    for (const turned of crs.isGeographic ? [within, within + 360, within - 360] : [within]) {
      const [x, y] = forward(turned, latitude);
      const at = inverse.apply(x, y);
      const [column, row] = at.map(Math.floor);
      if (!(column >= 0 && column < width && row >= 0 && row < height)) continue;
      const window = { x: column, y: row, width: 1, height: 1 };
      const { planes, valid } = await readPixels(this.raster, { window, bands, signal });
      const values = planes.map((plane, k) => (valid[k][0] === 0 ? null : Number(plane[0])));
      return { column, row, x, y, values };
    }
    return null;
  }
}

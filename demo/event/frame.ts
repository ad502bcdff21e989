import { Affine, type Bounds, Crs, createTransform, GeoBox, transformBounds } from '../../src/geo/index.js';

/** The images are in the east of UTM zone 31 and the map in the west of zone 32, so that the grids are rotated. */
const SOURCE_EPSG = 32631;
const MAP_EPSG = 32632;

/** Pixel size of the map, the radar images and the finest optical bands, in metres. */
const PIXEL = 10;

/** Sentinel-2's coarsest pixel in metres. The ground is aligned to it, and so to all resolutions. */
const COARSEST = 60;

/** Ground beyond the map's edges in metres, so that data ends only at the swaths. */
const MARGIN = 120;

/** Longitude and latitude where four elevation tiles and the zones 31 and 32 meet. */
const CENTRE = [6, 50] as const;

/** The grids of an event. */
export interface EventFrame {
  /** The manifest's bbox: `[west, south, east, north]` in degrees. */
  readonly bbox: Bounds;
  /** The map's grid, derived from `bbox`. */
  readonly grid: GeoBox;
  /** The 10 m grid of the simulation, in the CRS of the images. */
  readonly ground: GeoBox;
}

/** The frame of a map of at least `width × height` pixels. */
export function eventFrame(width: number, height: number): EventFrame {
  const source = Crs.fromEpsg(SOURCE_EPSG);
  const map = Crs.fromEpsg(MAP_EPSG);
  const [x, y] = createTransform(Crs.wgs84, map).forward(...CENTRE);
  const half = [(width * PIXEL) / 2, (height * PIXEL) / 2];
  const toLonLat = createTransform(map, Crs.wgs84);
  const [west] = toLonLat.forward(x - half[0], y);
  const [east] = toLonLat.forward(x + half[0], y);
  const south = toLonLat.forward(x, y - half[1])[1];
  const north = toLonLat.forward(x, y + half[1])[1];
  const bbox: Bounds = [west, south, east, north];
  const grid = GeoBox.fromBounds(bbox, map, PIXEL, { anchor: 'fit' });
  const [x0, y0, x1, y1] = transformBounds(grid.bounds, map, source);
  const down = (value: number): number => Math.floor((value - MARGIN) / COARSEST) * COARSEST;
  const up = (value: number): number => Math.ceil((value + MARGIN) / COARSEST) * COARSEST;
  const ground = new GeoBox(
    source,
    new Affine(PIXEL, 0, down(x0), 0, -PIXEL, up(y1)),
    (up(x1) - down(x0)) / PIXEL,
    (up(y1) - down(y0)) / PIXEL,
  );
  return { bbox, grid, ground };
}

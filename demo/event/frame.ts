import { Affine, type Bounds, Crs, createTransform, GeoBox, transformBounds } from '../../src/geo/index.js';

/** The satellites' images lie in the east of zone 31, the map in the west of zone 32, turned by some degrees. */
const SOURCE_EPSG = 32631;
const MAP_EPSG = 32632;

/** Metres of a pixel of the map, of radar, and of the finest optical bands. */
const PIXEL = 10;

/** Sentinel-2's coarsest pixel: the ground's grid lines up with all resolutions. */
const COARSEST = 60;

/** Ground beyond the map's edges, so that only the swaths decide where data ends. */
const MARGIN = 120;

/** Four degree squares, and so four elevation tiles, meet here, and so do zones 31 and 32. */
const CENTRE = [6, 50] as const;

/** Where an event lies. */
export interface EventFrame {
  /** What the event asks for: `[west, south, east, north]` in degrees. */
  readonly bbox: Bounds;
  /** The map's grid, as the seeds derive it from the box. */
  readonly grid: GeoBox;
  /** The 10 m grid that the event is simulated on, in the satellites' CRS. */
  readonly ground: GeoBox;
}

/** The frame of a map of about `width × height` pixels, never less. */
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

import { Affine, Crs, createTransform, GeoBox, transformBounds } from '../../src/geo/index.js';
import type { Random } from '../../src/workflow/model/random.js';
import { type LandCover, standingOn } from './cover.js';
import type { EventFrame } from './frame.js';
import type { Landscape } from './landscape.js';
import { CANOPY_HEIGHT } from './radar.js';

/** A tile of a digital surface model. */
export interface ElevationTile {
  /** The name of the Copernicus tile. */
  readonly id: string;
  readonly geobox: GeoBox;
  /** Metres above sea level. */
  readonly values: Float32Array;
}

/** Heights in the model, in metres: most of the canopy. */
const STANDING = { forest: 0.7 * CANOPY_HEIGHT, settlement: 4, reeds: 0.8 };

/** Pixels per degree of latitude. */
const PER_DEGREE = 3600;

/** From 50° N on, pixels of the Copernicus DEM are 1.5 times as wide in longitude. */
const WIDER_FROM = 50;

/**
 * A surface model, which includes most of the canopy, in tiles of one degree that are clipped to the ground. Pixel
 * centres are on whole arc seconds, as in the Copernicus DEM.
 */
export function elevationTiles(
  random: Random,
  frame: EventFrame,
  land: Landscape,
  cover: LandCover,
): ElevationTile[] {
  const surface = surfaceModel(random, land, cover);
  const [west, south, east, north] = transformBounds(frame.ground.bounds, frame.ground.crs, Crs.wgs84);
  const toGround = createTransform(Crs.wgs84, frame.ground.crs);
  const toPixel = frame.ground.transform.inverse();
  const tiles: ElevationTile[] = [];
  for (let latitude = Math.floor(north); latitude >= Math.floor(south); latitude--) {
    for (let longitude = Math.floor(west); longitude <= Math.floor(east); longitude++) {
      const dy = 1 / PER_DEGREE;
      const dx = latitude >= WIDER_FROM ? 1.5 * dy : dy;
      const x0 = Math.max(longitude, longitude + Math.floor((west - longitude) / dx) * dx);
      const x1 = Math.min(longitude + 1, longitude + Math.ceil((east - longitude) / dx) * dx);
      const y1 = Math.min(latitude + 1, latitude + Math.ceil((north - latitude) / dy) * dy);
      const y0 = Math.max(latitude, latitude + Math.floor((south - latitude) / dy) * dy);
      const width = Math.round((x1 - x0) / dx);
      const height = Math.round((y1 - y0) / dy);
      const geobox = new GeoBox(
        Crs.wgs84,
        new Affine(dx, 0, x0 - dx / 2, 0, -dy, y1 + dy / 2),
        width,
        height,
      );
      const values = new Float32Array(width * height);
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const lonLat = geobox.transform.apply(column + 0.5, row + 0.5);
          const [x, y] = toPixel.apply(...toGround.forward(...lonLat));
          values[row * width + column] = sample(surface, land.width, land.height, x - 0.5, y - 0.5);
        }
      }
      tiles.push({ id: tileName(latitude, longitude), geobox, values });
    }
  }
  return tiles;
}

/** The name of a tile by its lower left corner, with `N49` and `E005`. */
function tileName(latitude: number, longitude: number): string {
  const y = `${latitude < 0 ? 'S' : 'N'}${String(Math.abs(latitude)).padStart(2, '0')}`;
  const x = `${longitude < 0 ? 'W' : 'E'}${String(Math.abs(longitude)).padStart(3, '0')}`;
  return `Copernicus_DSM_COG_10_${y}_00_${x}_00_DEM`;
}

/** Ground plus most of the canopy, buildings and noise. Water is level, as in the edited product. */
function surfaceModel(random: Random, land: Landscape, cover: LandCover): Float32Array {
  return Float32Array.from(land.elevation, (ground, k) => {
    if (land.permanentWater[k] === 1) return ground;
    return ground + standingOn(land, cover, k, STANDING) + 0.8 * (random.uniform() + random.uniform() - 1);
  });
}

/** Samples bilinearly; positions outside are clamped to the edge. */
function sample(values: Float32Array, width: number, height: number, x: number, y: number): number {
  const column = Math.max(0, Math.min(width - 2, Math.floor(x)));
  const row = Math.max(0, Math.min(height - 2, Math.floor(y)));
  const u = Math.max(0, Math.min(1, x - column));
  const v = Math.max(0, Math.min(1, y - row));
  const k = row * width + column;
  const top = values[k] + (values[k + 1] - values[k]) * u;
  const bottom = values[k + width] + (values[k + width + 1] - values[k + width]) * u;
  return top + (bottom - top) * v;
}

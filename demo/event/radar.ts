import type { Random } from '../../src/workflow/model/random.js';
import { quantile, randomHills } from '../terrain.js';
import { COVER, type DrySurface, drySurface, type LandCover, standingOn } from './cover.js';
import type { FloodDepth, Phase } from './flood.js';
import type { Landscape } from './landscape.js';
import type { EventParameters } from './parameters.js';

/** Mean backscatter γ⁰ of VV and VH in dB at C band, within the ranges in the literature on Sentinel-1. */
const BACKSCATTER = {
  water: [-21.5, -28.5],
  bare: [-10.5, -18.5],
  stubble: [-11.5, -19],
  crop: [-10, -15.5],
  grass: [-12, -19],
  saturated: [-17.3, -24.5],
  forest: [-8, -13.5],
  reeds: [-10.5, -17],
  settlement: [-3.5, -10.5],
  tarmac: [-19.5, -26.5],
  /** Double bounce between stems and water, stronger in VV than in VH. */
  floodedReeds: [-7, -15],
  floodedForest: [-5.5, -13],
  floodedCrop: [-8, -16.5],
  floodedSettlement: [-2.5, -10.5],
} as const;

type Surface = keyof typeof BACKSCATTER;

const OPEN_FIELDS: readonly Surface[] = ['bare', 'stubble', 'grass', 'crop'];

/** Water deeper than this hides a crop, in metres. */
const CROP_HEIGHT = 0.5;

/** Noise of the instrument as linear power: −26 dB in VV, −30 dB in VH. */
const NOISE = [10 ** -2.6, 10 ** -3];

/** Incidence angles across the scene, near to far range, in degrees. */
const INCIDENCE = [33, 43] as const;

/** Heights of objects that cast radar shadows, in metres. */
export const CANOPY_HEIGHT = 20;
const STANDING = { forest: CANOPY_HEIGHT, settlement: 9 };

/** Viewing conditions of a radar image. */
export interface RadarView {
  readonly phase: Phase;
  /** A descending orbit looks from the east, an ascending one from the west. */
  readonly orbit: 'ascending' | 'descending';
  /** Whether the swath covers a pixel. */
  readonly swath: (column: number, row: number) => boolean;
  /** Share of the water surface that wind roughens. */
  readonly windShare: number;
  /** Increase of land backscatter in dB. */
  readonly soilMoisture: number;
}

/** VV and VH as linear power with speckle, NaN outside the swath. */
export function radarImage(
  random: Random,
  parameters: EventParameters,
  land: Landscape,
  cover: LandCover,
  flood: FloodDepth,
  view: RadarView,
): [Float32Array, Float32Array] {
  const { width, height } = land;
  const means = backscatter(random, parameters, land, cover, flood, view);
  const bands = means.map((mean) => speckle(random, mean, width, height, parameters.looks));
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (view.swath(column, row)) continue;
      for (const band of bands) band[row * width + column] = Number.NaN;
    }
  }
  return [bands[0], bands[1]];
}

/** Mean power of both polarisations. */
function backscatter(
  random: Random,
  parameters: EventParameters,
  land: Landscape,
  cover: LandCover,
  flood: FloodDepth,
  view: RadarView,
): [Float32Array, Float32Array] {
  const { width, height, permanentWater } = land;
  const wind = randomHills(random, width, height, 60, 3);
  const calm = quantile(wind, 1 - view.windShare);
  const patches = randomHills(random, width, height, 25, 3);
  const slope = slopeTowardsRadar(land, view.orbit);
  const shadow = radarShadow(land, cover, view.orbit);
  const vv = new Float32Array(width * height);
  const vh = new Float32Array(width * height);
  for (let k = 0; k < vv.length; k++) {
    const wet = permanentWater[k] === 1 || flood[k] > 0;
    const surface = permanentWater[k] === 1 ? 'water' : flooded(drySurface(cover, view.phase, k), flood[k]);
    let [a, b] = BACKSCATTER[surface] as readonly [number, number];
    if (surface === 'water') {
      // Patches of wind have soft edges; waves raise VH much less than VV.
      const rough = Math.max(0, Math.min(1, 4 * (wind[k] - calm)));
      a += rough * (parameters.windBackscatter - a);
      b += rough * 0.55 * (parameters.windBackscatter + 21.5);
    } else {
      const field = cover.cover[k] === COVER.field && flood[k] === 0;
      const deviation = field ? cover.parcels.backscatter[cover.parcel[k]] : 0;
      const moisture = OPEN_FIELDS.includes(surface) ? view.soilMoisture : 0;
      const texture = deviation + 0.5 * patches[k] + moisture;
      a += texture;
      b += texture;
    }
    const tilt = wet ? 0 : Math.max(-3.5, Math.min(4, 9 * slope[k]));
    const lit = shadow[k] === 1 ? 0 : 1;
    vv[k] = lit * 10 ** ((a + tilt) / 10) + NOISE[0];
    vh[k] = lit * 10 ** ((b + 0.8 * tilt) / 10) + NOISE[1];
  }
  return [vv, vh];
}

/** The visible surface under water of a given depth, for the radar. */
function flooded(dry: DrySurface, depth: number): Surface {
  if (depth <= 0) return dry;
  switch (dry) {
    case 'crop':
      return depth < CROP_HEIGHT ? 'floodedCrop' : 'water';
    case 'forest':
      return 'floodedForest';
    case 'reeds':
      return depth > 1.5 ? 'water' : 'floodedReeds';
    case 'settlement':
      return 'floodedSettlement';
    default:
      return 'water';
  }
}

/** Slope of the terrain towards the radar (dz/dx), for the residual of the radiometric terrain correction. */
function slopeTowardsRadar(land: Landscape, orbit: RadarView['orbit']): Float32Array {
  const { width, height, elevation } = land;
  // A slope that faces the radar rises away from it.
  const sign = orbit === 'descending' ? -1 : 1;
  const slope = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const left = row * width + Math.max(0, column - 1);
      const right = row * width + Math.min(width - 1, column + 1);
      slope[row * width + column] = (sign * (elevation[right] - elevation[left])) / 20;
    }
  }
  return slope;
}

/**
 * Radar shadow: 1 where terrain or an object nearer to the radar is above the ray. Each row is traced from the near
 * range; the ray falls by `10 m · cot(incidence)` per pixel.
 */
function radarShadow(land: Landscape, cover: LandCover, orbit: RadarView['orbit']): Uint8Array {
  const { width, height, elevation } = land;
  const shadow = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    let ray = Number.NEGATIVE_INFINITY;
    for (let step = 0; step < width; step++) {
      const column = orbit === 'ascending' ? step : width - 1 - step;
      const k = row * width + column;
      const incidence = INCIDENCE[0] + ((INCIDENCE[1] - INCIDENCE[0]) * step) / width;
      const fall = 10 / Math.tan((incidence * Math.PI) / 180);
      ray -= fall;
      const top = elevation[k] + standingOn(land, cover, k, STANDING);
      if (ray > top + 1) shadow[k] = 1;
      else ray = Math.max(ray, top);
    }
  }
  return shadow;
}

/**
 * Speckle of `looks` looks. The power of one look is exponentially distributed (Goodman 1976). Averaging it with the
 * weights (a, 1, a) along rows and columns gives 1 / Σ w² looks, and correlates neighbours as the sensor does.
 */
function speckle(
  random: Random,
  mean: Float32Array,
  width: number,
  height: number,
  looks: number,
): Float32Array {
  const a = neighbourWeight(looks);
  const norm = 1 / (1 + 2 * a);
  const noise = new Float32Array(width * height);
  for (let k = 0; k < noise.length; k++) noise[k] = -Math.log(1 - random.uniform());
  const rows = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const k = row * width + column;
      const left = noise[column > 0 ? k - 1 : k + 1];
      const right = noise[column < width - 1 ? k + 1 : k - 1];
      rows[k] = norm * (noise[k] + a * (left + right));
    }
  }
  const result = noise;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const k = row * width + column;
      const above = rows[row > 0 ? k - width : k + width];
      const below = rows[row < height - 1 ? k + width : k - width];
      result[k] = mean[k] * norm * (rows[k] + a * (above + below));
    }
  }
  return result;
}

/** The weight `a` that gives `looks` looks: √looks = (1 + 2a)² / (1 + 2a²). */
function neighbourWeight(looks: number): number {
  const root = Math.sqrt(Math.max(1, Math.min(9, looks)));
  // (4 − 2√L) a² + 4 a + (1 − √L) = 0; the root between 0 and 1.
  const quadratic = 4 - 2 * root;
  if (Math.abs(quadratic) < 1e-9) return (root - 1) / 4;
  return (-4 + Math.sqrt(16 - 4 * quadratic * (1 - root))) / (2 * quadratic);
}

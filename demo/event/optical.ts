import type { Random } from '../../src/workflow/model/random.js';
import type { Clouds } from './clouds.js';
import { COVER, type DrySurface, drySurface, type LandCover } from './cover.js';
import type { FloodDepth, Phase } from './flood.js';
import type { Landscape } from './landscape.js';

/** A band of Sentinel-2 and its pixel size in metres. */
export interface OpticalBand {
  readonly name: string;
  readonly pixel: 10 | 20 | 60;
}

/** The twelve bands of the L2A product, by wavelength. */
export const OPTICAL_BANDS: readonly OpticalBand[] = [
  { name: 'B01', pixel: 60 },
  { name: 'B02', pixel: 10 },
  { name: 'B03', pixel: 10 },
  { name: 'B04', pixel: 10 },
  { name: 'B05', pixel: 20 },
  { name: 'B06', pixel: 20 },
  { name: 'B07', pixel: 20 },
  { name: 'B08', pixel: 10 },
  { name: 'B8A', pixel: 20 },
  { name: 'B09', pixel: 60 },
  { name: 'B11', pixel: 20 },
  { name: 'B12', pixel: 20 },
];

/** Reflectance × 10 000 of each surface in the twelve bands: plausible values, not measurements. */
const SPECTRA = {
  clearWater: [420, 390, 420, 280, 240, 180, 170, 150, 140, 120, 80, 60],
  floodWater: [700, 850, 1150, 1250, 1200, 950, 900, 800, 740, 500, 260, 180],
  bare: [700, 950, 1300, 1700, 1950, 2150, 2350, 2450, 2600, 2700, 3400, 2900],
  saturated: [430, 560, 780, 960, 1080, 1180, 1270, 1310, 1370, 1350, 1300, 950],
  stubble: [650, 900, 1250, 1600, 1900, 2200, 2450, 2600, 2750, 2800, 3300, 2500],
  crop: [300, 400, 750, 450, 1200, 2900, 3600, 3800, 4000, 4000, 2000, 1000],
  grass: [350, 480, 850, 650, 1300, 2500, 2900, 3100, 3300, 3300, 2300, 1300],
  forest: [200, 250, 450, 270, 750, 2000, 2500, 2600, 2800, 2800, 1400, 650],
  reeds: [300, 380, 650, 520, 1050, 1900, 2200, 2350, 2450, 2450, 1500, 800],
  settlement: [1000, 1150, 1300, 1450, 1550, 1700, 1800, 1850, 1950, 2000, 2200, 2000],
  tarmac: [800, 850, 900, 950, 980, 1000, 1020, 1050, 1080, 1100, 1200, 1150],
} as const;

const CLOUD = [5200, 5400, 5500, 5500, 5600, 5700, 5800, 5900, 6000, 4200, 4300, 3300];

type Spectrum = keyof typeof SPECTRA;
const NAMES = Object.keys(SPECTRA) as Spectrum[];

/** Viewing conditions of the optical images of a phase, on the ground's grid. */
export interface OpticalView {
  readonly phase: Phase;
  readonly clouds: Clouds;
  /** Whether the swath covers a pixel. */
  readonly swath: (column: number, row: number) => boolean;
  /** Relative standard deviation of a pixel's reflectance. */
  readonly noise: number;
}

/** Mixed spectra by pixel: the index of the first and the second, and the share of the second, from 0 to 1. */
export interface Mixture {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  readonly share: Float32Array;
}

/** The surface in a phase as mixtures of two spectra. */
export function opticalSurface(land: Landscape, cover: LandCover, flood: FloodDepth, phase: Phase): Mixture {
  const count = land.elevation.length;
  const first = new Uint8Array(count);
  const second = new Uint8Array(count);
  const share = new Float32Array(count);
  const flooded = NAMES.indexOf('floodWater');
  const clear = NAMES.indexOf('clearWater');
  // Share of silty water in rivers.
  const silt = { pre_month: 0.05, pre_event: 0.1, event: 0.7, post_event: 0.5 }[phase];
  for (let k = 0; k < count; k++) {
    if (land.permanentWater[k] === 1) {
      first[k] = clear;
      second[k] = flooded;
      share[k] = land.channel[k] === 1 ? silt : 0.3 * silt;
      continue;
    }
    const dry = drySurface(cover, phase, k);
    first[k] = NAMES.indexOf(dry);
    second[k] = flooded;
    if (flood[k] > 0) share[k] = visibleWater(dry, flood[k]);
  }
  return { first, second, share };
}

/** Share of water in the spectrum of a flooded pixel. */
function visibleWater(dry: DrySurface, depth: number): number {
  switch (dry) {
    case 'forest':
      return 0.2;
    case 'reeds':
      return Math.min(1, 0.35 + 0.4 * depth);
    case 'settlement':
      return 0.4;
    case 'tarmac':
      return 1;
    case 'crop':
      return Math.min(1, 0.3 + depth);
    default:
      return Math.min(1, 0.75 + depth);
  }
}

/**
 * One band as digital numbers (reflectance × 10 000, harmonised; 0 outside the swath) on its own grid. Each pixel is the
 * mean of the ground pixels that it covers.
 */
export function opticalBand(
  random: Random,
  land: Landscape,
  cover: LandCover,
  surface: Mixture,
  view: OpticalView,
  index: number,
): Uint16Array {
  const { width } = land;
  const factor = OPTICAL_BANDS[index].pixel / 10;
  const columns = width / factor;
  const rows = land.height / factor;
  const spectrum = NAMES.map((name) => SPECTRA[name][index]);
  const { opacity, light } = view.clouds;
  const { brightness } = cover.parcels;
  const band = new Uint16Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (!view.swath(column * factor, row * factor)) continue;
      let sum = 0;
      for (let y = row * factor; y < (row + 1) * factor; y++) {
        for (let x = column * factor; x < (column + 1) * factor; x++) {
          const k = y * width + x;
          const field = cover.cover[k] === COVER.field && land.permanentWater[k] === 0;
          const ground = spectrum[surface.first[k]] * (field ? brightness[cover.parcel[k]] : 1);
          const seen = ground + surface.share[k] * (spectrum[surface.second[k]] - ground);
          sum += seen * light[k] + opacity[k] * (CLOUD[index] - seen * light[k]);
        }
      }
      // The sum of three uniform variates approximates a normal one and is faster.
      const noise = 2 * (random.uniform() + random.uniform() + random.uniform()) - 3;
      const value = (sum / factor ** 2) * (1 + view.noise * noise);
      band[row * columns + column] = Math.max(1, Math.min(65_535, Math.round(value)));
    }
  }
  return band;
}

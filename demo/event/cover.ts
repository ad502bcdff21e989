import type { Random } from '../../src/workflow/model/random.js';
import { quantile, randomHills } from '../terrain.js';
import { PHASES, type Phase } from './flood.js';
import type { Landscape } from './landscape.js';
import type { EventParameters } from './parameters.js';

/** Land cover. */
export const COVER = {
  field: 0,
  forest: 1,
  reeds: 2,
  settlement: 3,
  tarmac: 4,
} as const;

/** Crops of parcels. */
export const CROP = { bare: 0, stubble: 1, crop: 2, grass: 3 } as const;

/** Properties of parcels of farmland, by index. */
export interface Parcels {
  /** A value of `CROP`. */
  readonly crop: Readonly<Record<Phase, Uint8Array>>;
  /** 1 where rain has left bare soil smooth and saturated. */
  readonly saturated: Readonly<Record<Phase, Uint8Array>>;
  /** Deviation of a parcel's backscatter from the mean of its crop, in dB. */
  readonly backscatter: Float32Array;
  /** Brightness of a parcel relative to the spectrum of its crop. */
  readonly brightness: Float32Array;
}

/** The visible surface of dry ground: the land cover, or the crop of a parcel. */
export type DrySurface = (typeof OF_COVER)[number] | (typeof OF_CROP)[number] | 'saturated';

/** In the order of `COVER`, without fields, and of `CROP`. */
const OF_COVER = ['forest', 'reeds', 'settlement', 'tarmac'] as const;
const OF_CROP = ['bare', 'stubble', 'crop', 'grass'] as const;

export interface LandCover {
  /** A value of `COVER` for each pixel. */
  readonly cover: Uint8Array;
  /** Index of the parcel of each pixel; it applies to fields only. */
  readonly parcel: Uint32Array;
  readonly parcels: Parcels;
}

/** The surface of a pixel without its flood. */
export function drySurface({ cover, parcel, parcels }: LandCover, phase: Phase, k: number): DrySurface {
  if (cover[k] !== COVER.field) return OF_COVER[cover[k] - 1];
  if (parcels.saturated[phase][parcel[k]] === 1) return 'saturated';
  return OF_CROP[parcels.crop[phase][parcel[k]]];
}

/** The height of objects on a pixel: 0 on water. @param heights by land cover, in metres; 0 for others */
export function standingOn(
  land: Landscape,
  { cover }: LandCover,
  k: number,
  heights: Readonly<Partial<Record<DrySurface, number>>>,
): number {
  if (land.permanentWater[k] === 1 || cover[k] === COVER.field) return 0;
  return heights[OF_COVER[cover[k] - 1]] ?? 0;
}

export function drawCover(random: Random, parameters: EventParameters, land: Landscape): LandCover {
  const { width, height } = land;
  const cover = new Uint8Array(width * height);
  growForest(random, parameters, land, cover);
  buildSettlements(random, land, cover);
  const { parcel, count } = layParcels(random, width, height);
  drawRoads(random, width, height, cover);
  drawRunway(random, land, cover);
  return { cover, parcel, parcels: drawParcels(random, parameters, count) };
}

/** Woods on the hills; reeds and riparian woods along the river. */
function growForest(random: Random, parameters: EventParameters, land: Landscape, cover: Uint8Array): void {
  const { width, height } = land;
  const woods = randomHills(random, width, height, 70, 4);
  const hillLimit = quantile(woods, 0.68);
  const valleyLimit = quantile(woods, 1 - parameters.canopyShare);
  const kinds = randomHills(random, width, height, 40, 1);
  for (let k = 0; k < cover.length; k++) {
    if (land.valley[k] === 1) {
      if (woods[k] > valleyLimit) cover[k] = kinds[k] > 0 ? COVER.reeds : COVER.forest;
    } else if (woods[k] > hillLimit) cover[k] = COVER.forest;
  }
}

/** One village in about 6 km². */
function buildSettlements(random: Random, land: Landscape, cover: Uint8Array): void {
  const { width, height } = land;
  const outline = randomHills(random, width, height, 12, 3);
  const villages = Math.max(1, Math.round((width * height) / 60_000));
  for (let n = 0; n < villages; n++) {
    const x = random.uniform() * width;
    const y = random.uniform() * height;
    const radius = 8 + 22 * random.uniform() ** 2;
    for (let row = Math.max(0, Math.floor(y - 2 * radius)); row < Math.min(height, y + 2 * radius); row++) {
      for (
        let column = Math.max(0, Math.floor(x - 2 * radius));
        column < Math.min(width, x + 2 * radius);
        column++
      ) {
        const k = row * width + column;
        if (Math.hypot(column - x, row - y) < radius * (1 + 0.3 * outline[k])) cover[k] = COVER.settlement;
      }
    }
  }
}

/** Two highways across the scene, three pixels wide. */
function drawRoads(random: Random, width: number, height: number, cover: Uint8Array): void {
  const paint = (x: number, y: number): void => {
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const [column, row] = [Math.round(x) + dx, Math.round(y) + dy];
        if (column >= 0 && column < width && row >= 0 && row < height)
          cover[row * width + column] = COVER.tarmac;
      }
    }
  };
  const bend = [random.uniform(), random.uniform()].map((u) => 2 * Math.PI * u);
  const [y0, y1] = [height * random.uniform(), height * random.uniform()];
  for (let x = 0; x < width; x += 0.5) {
    paint(x, y0 + ((y1 - y0) * x) / width + 0.05 * height * Math.sin((5 * x) / width + bend[0]));
  }
  const [x0, x1] = [width * random.uniform(), width * random.uniform()];
  for (let y = 0; y < height; y += 0.5) {
    paint(x0 + ((x1 - x0) * y) / height + 0.05 * width * Math.sin((5 * y) / height + bend[1]), y);
  }
}

/** An airfield: a runway 60 m wide and up to 2.4 km long, and an apron. */
function drawRunway(random: Random, land: Landscape, cover: Uint8Array): void {
  const { width, height } = land;
  const half = Math.min(120, 0.18 * Math.min(width, height));
  const x = half + random.uniform() * (width - 2 * half);
  const y = half + random.uniform() * (height - 2 * half);
  const angle = Math.PI * random.uniform();
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  for (let row = Math.floor(y - half); row <= y + half; row++) {
    for (let column = Math.floor(x - half); column <= x + half; column++) {
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      const along = (column - x) * c + (row - y) * s;
      const across = (row - y) * c - (column - x) * s;
      const runway = Math.abs(along) < half && Math.abs(across) < 3;
      const apron = Math.abs(along) < half / 6 && across > 8 && across < 22;
      if ((runway || apron) && land.permanentWater[row * width + column] === 0) {
        cover[row * width + column] = COVER.tarmac;
      }
    }
  }
}

/** The pattern of farmland: blocks of a rotated grid, each cut into strips. */
function layParcels(random: Random, width: number, height: number): { parcel: Uint32Array; count: number } {
  const bend = randomHills(random, width, height, 220, 2);
  const angle = Math.PI * random.uniform();
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const block = 34;
  const reach = Math.ceil(Math.hypot(width, height) / block) + 4;
  const side = 2 * reach;
  const strips = 5;
  const cuts = Uint8Array.from({ length: side * side }, () => 1 + Math.floor(strips * random.uniform()));
  const lengthwise = Uint8Array.from({ length: side * side }, () => (random.uniform() < 0.5 ? 1 : 0));
  const parcel = new Uint32Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const k = row * width + column;
      const u = (column * c + row * s + 12 * bend[k]) / block + reach / 2;
      const v = (row * c - column * s - 12 * bend[k]) / block + reach;
      const i = Math.max(0, Math.min(side - 1, Math.floor(u)));
      const j = Math.max(0, Math.min(side - 1, Math.floor(v)));
      const at = j * side + i;
      const part = Math.floor((lengthwise[at] === 1 ? u - i : v - j) * cuts[at]);
      parcel[k] = at * strips + Math.max(0, Math.min(strips - 1, part));
    }
  }
  return { parcel, count: side * side * strips };
}

/** Shares of the crops, in the order of `CROP`. */
const CROP_SHARES = [0.3, 0.1, 0.35, 0.25];

/** Share of crops harvested between two phases. */
const HARVESTED = 0.05;

/** Saturated parcels relative to the event: half of them dry within days after it. */
const WET: Readonly<Record<Phase, number>> = { pre_month: 0.02, pre_event: 0.02, event: 1, post_event: 0.5 };

function drawParcels(random: Random, parameters: EventParameters, count: number): Parcels {
  const crop = {} as Record<Phase, Uint8Array>;
  const saturated = {} as Record<Phase, Uint8Array>;
  let current = Uint8Array.from({ length: count }, () => pick(random.uniform(), CROP_SHARES));
  const rainHits = Float32Array.from({ length: count }, () => random.uniform());
  for (const phase of PHASES) {
    current = Uint8Array.from(current, (kind) =>
      kind === CROP.crop && random.uniform() < HARVESTED ? CROP.stubble : kind,
    );
    crop[phase] = current;
    const limit = parameters.wetFieldShare * WET[phase];
    saturated[phase] = Uint8Array.from(current, (kind, p) =>
      (kind === CROP.bare || kind === CROP.stubble) && rainHits[p] < limit ? 1 : 0,
    );
  }
  return {
    crop,
    saturated,
    backscatter: Float32Array.from({ length: count }, () => 1.2 * random.normal()),
    brightness: Float32Array.from({ length: count }, () => Math.exp(0.12 * random.normal())),
  };
}

function pick(u: number, shares: readonly number[]): number {
  let sum = 0;
  for (const [k, share] of shares.entries()) {
    sum += share;
    if (u < sum) return k;
  }
  return shares.length - 1;
}

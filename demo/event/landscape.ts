import type { Random } from '../../src/workflow/model/random.js';
import { randomHills } from '../terrain.js';
import { distanceToStream, refine } from './nearest.js';
import type { EventParameters } from './parameters.js';
import { drawStreams } from './streams.js';

/** A lake or a pond: an ellipse with a ragged shore. */
export interface StillWater {
  /** The centre, in pixels of the ground. */
  readonly x: number;
  readonly y: number;
  /** Half axes, in pixels. */
  readonly a: number;
  readonly b: number;
}

/** The ground of an event, on its grid of 10 m pixels. */
export interface Landscape {
  readonly width: number;
  readonly height: number;
  /** Metres above sea level; over permanent water, its surface. */
  readonly elevation: Float32Array;
  /** Metres above the normal level of the nearest watercourse; the river is at 0. */
  readonly aboveRiver: Float32Array;
  /** 1 in rivers, lakes and ponds. */
  readonly permanentWater: Uint8Array;
  /** 1 in rivers, from which floods spread. */
  readonly channel: Uint8Array;
  /** The flood's level minus the ground, in metres, if the flood could spread freely. */
  readonly floodHeadroom: Float32Array;
  /** 1 on the floors of valleys. */
  readonly valley: Uint8Array;
  readonly lakes: readonly StillWater[];
}

/** Heights in metres: banks, edge of the valley floor above its middle, dykes. */
const BANK = 1.2;
const FLOOR_TILT = 2.5;
const DYKE = 3.5;

const PIXEL = 10;

/** Valleys with rivers in hills, lakes in the hills and gravel pits in the valley. */
export function drawLandscape(
  random: Random,
  parameters: EventParameters,
  width: number,
  height: number,
): Landscape {
  const size = { width: width * PIXEL, height: height * PIXEL };
  const streams = drawStreams(random, size, { width: parameters.riverWidth, altitude: parameters.altitude });
  const [columns, rows] = [width / 2, height / 2];
  const fields = streams.map(({ stream, axis }): ValleyField => {
    const water = distanceToStream(stream, columns, rows, 2 * PIXEL);
    const middle = distanceToStream(axis, columns, rows, 2 * PIXEL);
    return {
      width: stream.width,
      distance: refine(water.distance, columns, rows),
      level: refine(middle.level, columns, rows),
      axisDistance: refine(middle.distance, columns, rows),
    };
  });
  const land = shapeValleys(random, parameters, fields, width, height);
  const lakes = drawLakes(random, land, width, height);
  for (const lake of lakes) fillLake(random, land, lake, width, height);
  return { width, height, ...land, lakes };
}

/** A watercourse on the ground's grid. */
interface ValleyField {
  readonly width: number;
  /** Metres to the middle of the water, and to the middle of the valley. */
  readonly distance: Float32Array;
  readonly axisDistance: Float32Array;
  /** The normal water level of the nearest point, in metres above sea level. */
  readonly level: Float32Array;
}

type Land = Omit<Landscape, 'width' | 'height' | 'lakes'>;

function shapeValleys(
  random: Random,
  parameters: EventParameters,
  streams: readonly ValleyField[],
  width: number,
  height: number,
): Land {
  const { relief, flankSlope, plainWidth, floodRise } = parameters;
  const hills = randomHills(random, width, height, 180, 5);
  const steepness = randomHills(random, width, height, 60, 2);
  const floor = randomHills(random, width, height, 45, 4);
  const oldChannels = randomHills(random, width, height, 55, 2);
  const polders = randomHills(random, width, height, 75, 2);
  const count = width * height;
  const land: Land = {
    elevation: new Float32Array(count),
    aboveRiver: new Float32Array(count),
    permanentWater: new Uint8Array(count),
    channel: new Uint8Array(count),
    floodHeadroom: new Float32Array(count),
    valley: new Uint8Array(count),
  };
  const flank = relief / Math.tan((flankSlope * Math.PI) / 180);
  for (let k = 0; k < count; k++) {
    // The steepness of flanks varies from half to twice the parameter.
    const run = flank * 2 ** Math.max(-1, Math.min(1, -0.8 * steepness[k]));
    // Low ground along old channels, and dykes around polders, which keep the flood out.
    const dyke = DYKE * Math.exp(-(((polders[k] - 0.5) / 0.05) ** 2));
    const rough = floor[k] * 0.6 - 1.1 * Math.exp(-((oldChannels[k] / 0.09) ** 2)) + dyke;
    let lowest = Number.POSITIVE_INFINITY;
    let level = 0;
    let flood = Number.NEGATIVE_INFINITY;
    let inChannel = false;
    let onFloor = false;
    for (const [index, stream] of streams.entries()) {
      const isRiver = index === 0;
      const d = stream.distance[k] - stream.width / 2;
      const half = ((isRiver ? plainWidth : plainWidth / 6) / 2) * (1 + 0.25 * hills[k]);
      const fromAxis = stream.axisDistance[k];
      const t = d <= 0 ? 0 : Math.max(0, (fromAxis - half) / run);
      const floorHeight =
        BANK * (isRiver ? 1 : 0.6) * smooth(d / 25) + FLOOR_TILT * smooth(fromAxis / half) ** 2;
      const rise = relief * (t < 1 ? smooth(t) : 1 + 0.15 * (t - 1)) * (0.85 + 0.25 * hills[k]);
      const above = d <= 0 ? 0 : Math.max(0.15, floorHeight + rough * smooth(d / 60) + rise);
      const z = stream.level[k] + above;
      if (d <= 0) inChannel = true;
      if (t < 0.02) onFloor = true;
      if (z < lowest) {
        lowest = z;
        level = stream.level[k];
      }
      flood = Math.max(flood, stream.level[k] + floodRise * (isRiver ? 1 : 0.45));
    }
    land.elevation[k] = lowest;
    land.aboveRiver[k] = lowest - level;
    land.floodHeadroom[k] = flood - lowest;
    land.valley[k] = onFloor ? 1 : 0;
    if (inChannel) {
      land.channel[k] = 1;
      land.permanentWater[k] = 1;
    }
  }
  return land;
}

/** One lake in about 12 km² and as many gravel pits in the valley, at least one each. */
function drawLakes(random: Random, land: Land, width: number, height: number): StillWater[] {
  const wanted = Math.max(1, Math.round((width * height) / 120_000));
  const lakes: StillWater[] = [];
  for (const inValley of [0, 1]) {
    const largest = inValley === 1 ? 14 : 40;
    for (let placed = 0, tries = 0; placed < wanted && tries < 400; tries++) {
      const a = largest * (0.4 + 0.6 * random.uniform());
      const b = a * (0.4 + 0.6 * random.uniform());
      const x = a + random.uniform() * (width - 2 * a);
      const y = a + random.uniform() * (height - 2 * a);
      const at = Math.floor(y) * width + Math.floor(x);
      const fits = x > 0 && x < width && y > 0 && y < height && land.valley[at] === inValley;
      if (!fits || land.channel[at] === 1 || lakes.some((lake) => Math.hypot(lake.x - x, lake.y - y) < 90))
        continue;
      lakes.push({ x, y, a, b });
      placed++;
    }
  }
  return lakes;
}

/** Sets a lake to the level of its lowest cell and blends its shore into the land around. */
function fillLake(random: Random, land: Land, lake: StillWater, width: number, height: number): void {
  const angles = [random.uniform(), random.uniform(), random.uniform()].map((u) => 2 * Math.PI * u);
  const radius = (column: number, row: number): number => {
    const u = (column + 0.5 - lake.x) / lake.a;
    const v = (row + 0.5 - lake.y) / lake.b;
    const angle = Math.atan2(v, u);
    const ragged = 1 + 0.16 * Math.sin(2 * angle + angles[0]) + 0.1 * Math.sin(3 * angle + angles[1]);
    return Math.hypot(u, v) / (ragged + 0.05 * Math.sin(7 * angle + angles[2]));
  };
  const reach = Math.ceil(1.6 * lake.a);
  const cells: { at: number; r: number }[] = [];
  for (let row = Math.max(0, Math.floor(lake.y) - reach); row < Math.min(height, lake.y + reach); row++) {
    for (
      let column = Math.max(0, Math.floor(lake.x) - reach);
      column < Math.min(width, lake.x + reach);
      column++
    ) {
      const r = radius(column, row);
      if (r < 1.5) cells.push({ at: row * width + column, r });
    }
  }
  const level = Math.min(...cells.map(({ at }) => land.elevation[at] + (land.channel[at] === 1 ? 1e9 : 0)));
  for (const { at, r } of cells) {
    if (land.channel[at] === 1) continue;
    const before = land.elevation[at];
    const after = r < 1 ? level : level + 0.3 + (before - level - 0.3) * smooth((r - 1) / 0.5);
    land.elevation[at] = after;
    land.aboveRiver[at] += after - before;
    land.floodHeadroom[at] += before - after;
    if (r < 1) land.permanentWater[at] = 1;
  }
}

/** Smoothstep, clamped to 0 and 1. */
export function smooth(t: number): number {
  if (t <= 0) return 0;
  return t >= 1 ? 1 : t * t * (3 - 2 * t);
}

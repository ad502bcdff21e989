import { Random } from '../../src/workflow/model/random.js';
import { drawClouds } from './clouds.js';
import { drawCover, type LandCover } from './cover.js';
import { type FloodDepth, floodDepths, PHASES, type Phase } from './flood.js';
import { type EventFrame, eventFrame } from './frame.js';
import { drawLandscape, type Landscape } from './landscape.js';
import type { OpticalView } from './optical.js';
import type { EventParameters } from './parameters.js';
import type { RadarView } from './radar.js';

/** A simulated event: the ground, the flood, and the viewing conditions of each phase. */
export interface SimulatedEvent {
  readonly seed: number;
  readonly parameters: EventParameters;
  readonly frame: EventFrame;
  readonly land: Landscape;
  readonly cover: LandCover;
  readonly flood: Readonly<Record<Phase, FloodDepth>>;
  readonly radar: Readonly<Record<Phase, RadarView>>;
  readonly optical: Readonly<Record<Phase, OpticalView>>;
}

/** Cloud cover by phase, relative to the event, and its concentration over the valley. */
const CLOUDS: Readonly<Record<Phase, readonly [number, number]>> = {
  pre_month: [0.1, 0],
  pre_event: [0.25, 0],
  event: [1, 0.5],
  post_event: [0.3, 0],
};

/** Random numbers of one part of an event. Each part has its own generator: a change to one does not affect the others. */
export function randomFor(seed: number, part: number): Random {
  return new Random(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(part + 1, 0x85ebca6b));
}

/** Simulates an event on a map of at least `width × height` pixels. The same seed gives the same event. */
export function simulateEvent(
  seed: number,
  parameters: EventParameters,
  size: { width: number; height: number },
): SimulatedEvent {
  const frame = eventFrame(size.width, size.height);
  const { width, height } = frame.ground;
  const land = drawLandscape(randomFor(seed, 0), parameters, width, height);
  const cover = drawCover(randomFor(seed, 1), parameters, land);
  const random = randomFor(seed, 2);
  const isAscending = random.uniform() < parameters.orbitChange;
  const radar = {} as Record<Phase, RadarView>;
  const optical = {} as Record<Phase, OpticalView>;
  for (const phase of PHASES) {
    const [cloud, overValley] = CLOUDS[phase];
    const flooding = phase === 'event' || phase === 'post_event';
    radar[phase] = {
      phase,
      orbit: phase === 'event' && isAscending ? 'ascending' : 'descending',
      swath: slantedSwath(random, width, height),
      windShare: parameters.windShare * (phase === 'event' ? 1 : random.uniform()),
      soilMoisture: flooding ? parameters.soilMoisture : 0.4 * random.normal(),
    };
    optical[phase] = {
      phase,
      clouds: drawClouds(random, land, cloud * parameters.cloudCover, overValley),
      swath: slantedSwath(random, width, height),
      noise: parameters.opticalNoise,
    };
  }
  return {
    seed,
    parameters,
    frame,
    land,
    cover,
    flood: floodDepths(land, parameters.floodRise),
    radar,
    optical,
  };
}

/** A swath whose slanted edge cuts off a part of the scene in the west or in the east. */
function slantedSwath(
  random: Random,
  width: number,
  height: number,
): (column: number, row: number) => boolean {
  const inset = width * (0.06 * random.uniform() - 0.02);
  const slant = 0.21;
  const east = random.uniform() < 0.5;
  return east
    ? (column, row) => column < width - inset - slant * (height - row) * 0.3
    : (column, row) => column >= inset + slant * row * 0.3;
}

/** 1 where land is flooded at the event. */
export function floodTruth(event: SimulatedEvent): Uint8Array {
  return Uint8Array.from(event.flood.event, (depth) => (depth > 0 ? 1 : 0));
}

import type { Random } from '../../src/workflow/model/random.js';

/** Parameters of an event, which set its difficulty. Lengths are in metres, shares from 0 to 1. */
export interface EventParameters {
  /** Normal water level where the river leaves the scene, above sea level. */
  altitude: number;
  /** Height of the hills above the valley floor. */
  relief: number;
  /** Slope of the valley's flanks in degrees; it varies locally from half to twice of it. */
  flankSlope: number;
  /** Width of the valley floor. */
  plainWidth: number;
  /** Width of the river at its normal level; tributaries are a fifth as wide. */
  riverWidth: number;
  /** Rise of the river at the event. Banks are 1.2 m high. */
  floodRise: number;
  /** Share of the water surface that wind roughens at the event. */
  windShare: number;
  /** Backscatter of roughened water, VV in dB. */
  windBackscatter: number;
  /** Share of the bare parcels that are smooth and saturated by rain at the event: dark in radar, but not flooded. */
  wetFieldShare: number;
  /** Increase of the backscatter of land by soil moisture at the event, in dB. */
  soilMoisture: number;
  /** Cloud cover at the event, denser over the valley. */
  cloudCover: number;
  /** Share of the valley floor with reeds and riparian forest, which hide the flood below their canopy. */
  canopyShare: number;
  /** Equivalent number of looks of the radar images, from 1 to 9. */
  looks: number;
  /** Relative standard deviation of reflectances. */
  opticalNoise: number;
  /** Probability that the radar image of the event is from an ascending orbit, with other shadows. */
  orbitChange: number;
}

export type ParameterName = keyof EventParameters;
export type ParameterRanges = Readonly<Record<ParameterName, readonly [number, number]>>;

/** Ranges for training and for the choice of the threshold. */
export const TRAINING_RANGES: ParameterRanges = {
  altitude: [40, 400],
  relief: [40, 130],
  flankSlope: [7, 26],
  plainWidth: [600, 1700],
  riverWidth: [40, 130],
  floodRise: [1.9, 3.2],
  windShare: [0, 0.35],
  windBackscatter: [-17, -12.5],
  wetFieldShare: [0.1, 0.45],
  soilMoisture: [0, 2],
  cloudCover: [0.2, 0.65],
  canopyShare: [0.05, 0.25],
  looks: [3.6, 6],
  opticalNoise: [0.03, 0.1],
  orbitChange: [0.5, 0.5],
};

/**
 * Ranges of the held-out events: outside the training ranges in every parameter and, except for the landscape's size,
 * harder.
 */
export const HELD_OUT_RANGES: ParameterRanges = {
  altitude: [430, 520],
  relief: [140, 175],
  flankSlope: [27, 31],
  plainWidth: [1800, 2200],
  riverWidth: [140, 180],
  floodRise: [1.6, 1.85],
  windShare: [0.37, 0.45],
  windBackscatter: [-12.3, -11.5],
  wetFieldShare: [0.47, 0.55],
  soilMoisture: [2.1, 2.6],
  cloudCover: [0.67, 0.75],
  canopyShare: [0.26, 0.31],
  looks: [3, 3.5],
  opticalNoise: [0.105, 0.13],
  orbitChange: [1, 1],
};

/** The event of `terrachip demo`: about the middle of the training ranges, with the looks of Sentinel-1 IW GRD. */
export const DEMO_PARAMETERS: EventParameters = {
  altitude: 180,
  relief: 90,
  flankSlope: 16,
  plainWidth: 1300,
  riverWidth: 90,
  floodRise: 2.7,
  windShare: 0.2,
  windBackscatter: -14,
  wetFieldShare: 0.3,
  soilMoisture: 1,
  cloudCover: 0.5,
  canopyShare: 0.15,
  looks: 4.4,
  opticalNoise: 0.06,
  orbitChange: 0.5,
};

/** Draws each parameter uniformly from its range. */
export function drawParameters(random: Random, ranges: ParameterRanges): EventParameters {
  const parameters = { ...DEMO_PARAMETERS };
  for (const name of Object.keys(parameters) as ParameterName[]) {
    const [least, most] = ranges[name];
    parameters[name] = least + (most - least) * random.uniform();
  }
  return parameters;
}

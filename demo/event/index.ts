/** Synthetic flood events: files as from a satellite catalog, and the true flood. */
export { PHASES, type Phase } from './flood.js';
export {
  DEMO_PARAMETERS,
  drawParameters,
  type EventParameters,
  HELD_OUT_RANGES,
  type ParameterRanges,
  TRAINING_RANGES,
} from './parameters.js';
export { floodTruth, type SimulatedEvent, simulateEvent } from './simulate.js';
export { type EventFiles, floodPolygons, writeDemoEvent, writeEvent } from './write.js';

/** Made-up flood events, as a satellite catalog would deliver them, with the truth beside them. */
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

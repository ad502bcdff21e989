/** Models from checkpoints: import, description, and runs on arrays. */
export type { ChosenStatistics } from './card.js';
export type { HalfPrecisionReport, SampleOptions } from './half-precision.js';
export { type ImportOptions, type ImportReport, importModel } from './import.js';
export { type ModelPrecision, PRECISIONS } from './precision.js';
export { type RunModelOptions, type RunModelReport, runModel } from './run.js';

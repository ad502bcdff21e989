/** Import of checkpoints as models, and runs of models on arrays. */
export type { ChosenStatistics } from './card.js';
export type { HalfPrecisionReport, SampleOptions } from './half-precision.js';
export { type ImportOptions, type ImportReport, importModel } from './import.js';
export { type ModelPrecision, PRECISIONS } from './precision.js';
export { type RunModelOptions, type RunModelReport, runModel } from './run.js';

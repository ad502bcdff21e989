/** Samplers of chips: grids, random positions, rows, times, folds and splits; and prefetching in batches. */
export { type PixelGrid, type Region, SampleArea, type SampleAreaOptions } from './area.js';
export { type BalancedSamplerOptions, balancedSampler } from './balanced-sampler.js';
export {
  type Batch,
  type BatchOptions,
  batches,
  batchTensors,
  type ChipArray,
  type ChipArrays,
  type TensorRuntime,
} from './batches.js';
export type { Chip, PixelSize } from './chip.js';
export { type FoldBlock, type SpatialFoldOptions, type SpatialFolds, spatialFolds } from './folds.js';
export {
  type GridPolicy,
  type GridReport,
  type GridSampler,
  type GridSamplerOptions,
  gridSampler,
} from './grid.js';
export { type RandomSampler, type RandomSamplerOptions, randomSampler } from './random-sampler.js';
export { type RowSamplerOptions, rowSampler } from './row-sampler.js';
export { AsyncSequence, type ItemSource, Sequence } from './sequence.js';
export {
  type FractionSplitOptions,
  type RowSplit,
  splitByFraction,
  splitByRegion,
  splitByTime,
  type TimeSplitOptions,
} from './splits.js';
export {
  type ChipPair,
  combineSamplers,
  type PairSamplerOptions,
  pairSampler,
  type TimeWindowOptions,
  timeWindows,
} from './time.js';
export {
  type DropOptions,
  dropInvalid,
  type RasterShareOptions,
  type RedrawOptions,
  rasterShare,
  redrawInvalid,
  type ValidShare,
} from './validity.js';

/**
 * The kernels: functions over tensors of a backend, with a WGSL and a CPU implementation. Portable: they run on the CPU of
 * any JavaScript engine and on any `GPUDevice`, including your own.
 * @module
 */
export {
  Affine,
  type ChipLayout,
  ControlGrid,
  type ControlWindow,
  Crs,
  createChipLayout,
  createPixelMapping,
  GeoBox,
  type PixelWindow,
} from '../geo/index.js';
export {
  type Backend,
  type BackendCounters,
  type BackendInfo,
  type BackendLimits,
  type Binding,
  type BindingAccess,
  type Bindings,
  CpuBackend,
  type CpuExecutor,
  type CpuKernel,
  type CpuTask,
  type CpuTensors,
  DeviceTensor,
  defineKernel,
  type ExternalBuffer,
  type GpuSlice,
  type Grid,
  InlineExecutor,
  type Kernel,
  type KernelDefinition,
  type KernelParameters,
  type KernelRun,
  type KernelShader,
  type KernelTable,
  type ParameterTable,
  type ParameterType,
  type RunArguments,
  type TensorDtype,
  type TensorDtypeOf,
  type TensorMeta,
  WebGpuBackend,
  type WebGpuBackendOptions,
} from '../gpu/index.js';
export { compose as composeShader, type ShaderFunction } from '../shaders/index.js';
export { areaKernel } from './area.js';
export { type ArgmaxOptions, argmax, argmaxKernel } from './argmax.js';
export { blendWindows, WINDOW_NAMES, type WindowName, type WindowOptions } from './blend-windows.js';
export { type ChipOptions, chipsKernel, gatherChips } from './chips.js';
export { mirror } from './cpu/chips.js';
export { decibelKernel, decibelToLinear, linearToDecibel } from './decibel.js';
export { type DilateOptions, dilate, dilateKernel, rowDistanceKernel } from './dilate.js';
export {
  type Expression,
  INDEX_NAMES,
  INDICES,
  type IndexName,
  isIndexName,
  parseExpression,
} from './expression/index.js';
export {
  type DeviceExpression,
  type EvaluateOptions,
  evaluateExpression,
  evaluateExpressionFloat64,
  expressionKernel,
  uploadExpression,
} from './expression.js';
export {
  type BitField,
  bitMask,
  classMask,
  fieldMaskKernel,
  SCL,
  SCL_CLOUDS,
} from './field-mask.js';
export { type FilterScale, filterScale } from './filters.js';
export { flatGrid } from './grid.js';
export { keepWhere, maskOut, maskValuesKernel } from './mask-values.js';
export {
  MOSAIC_METHODS,
  type MosaicMethod,
  type MosaicOptions,
  mosaic,
  mosaicKernel,
} from './mosaic.js';
export { nodataKernel, nodataToNaN } from './nodata.js';
export {
  histogramKernel,
  type PercentileOptions,
  type Percentiles,
  percentiles,
  type ValueRange,
  valueRange,
  valueRangeKernel,
} from './percentiles.js';
export {
  type Antialias,
  AREA_RESAMPLINGS,
  type AreaResampling,
  INTERPOLATIONS,
  type Interpolation,
  isInterpolation,
  keepsValues,
  parseAntialias,
  parseResampling,
  RESAMPLINGS,
  type Resampling,
  suitsCategories,
} from './resampling.js';
export {
  clip,
  harmonise,
  type Normalisation,
  normalise,
  reflectanceToDigital,
  rescaleKernel,
  stretch,
} from './rescale.js';
export { softmax, softmaxKernel } from './softmax.js';
export {
  REDUCTIONS,
  type Reduction,
  type StitchLayout,
  type StitchOptions,
  stitch,
  stitchKernel,
  uploadStitchLayout,
} from './stitch.js';
export type { NodataOptions } from './stored-values.js';
export { type DeviceControl, type TileOptions, uploadControl } from './tile.js';
export { validMask, validMaskKernel } from './valid-mask.js';
export { countVotes, type VoteCountOptions, type VoteOptions, vote, votesKernel } from './vote.js';
export { type ControlNeeds, controlNeeds, type WarpOptions, warp, warpKernel } from './warp.js';

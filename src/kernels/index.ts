/**
 * The kernels: functions over tensors of a backend, with a WGSL and a CPU implementation. Portable: they run on the CPU of
 * any JavaScript engine and on any `GPUDevice`, including your own.
 * @module
 */

export type { Dimension, Dtype, DtypeOf, TypedArray, TypedArrayByDtype } from '../geo/index.js';
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
  type Staging,
  type TensorBackend,
  type TensorDtype,
  type TensorDtypeOf,
  type TensorMeta,
  WebGpuBackend,
} from '../gpu/index.js';
export type { NameOf } from '../gpu/kernel.js';
export { compose as composeShader, type ShaderFunction } from '../shaders/index.js';
export { type ArgmaxOptions, argmax } from './argmax.js';
export { blendWindows, WINDOW_NAMES, type WindowName, type WindowOptions } from './blend-windows.js';
export { type ChipOptions, gatherChips } from './chips.js';
export { decibelToLinear, linearToDecibel } from './decibel.js';
export { type DilateOptions, dilate } from './dilate.js';
export { type Expression, INDICES, type IndexName, parseExpression } from './expression/index.js';
export {
  type DeviceExpression,
  type EvaluateOptions,
  evaluateExpression,
  uploadExpression,
} from './expression.js';
export { type BitField, bitMask, classMask, SCL, SCL_CLOUDS } from './field-mask.js';
export type { FilterScale } from './filters.js';
export { flatGrid } from './grid.js';
export { keepWhere, maskOut } from './mask-values.js';
export { MOSAIC_METHODS, type MosaicMethod, type MosaicOptions, mosaic } from './mosaic.js';
export { nodataToNaN } from './nodata.js';
export {
  type PercentileOptions,
  type Percentiles,
  percentiles,
  type ValueRange,
  valueRange,
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
} from './resampling.js';
export { clip, harmonise, type Normalisation, normalise, reflectanceToDigital, stretch } from './rescale.js';
export { softmax } from './softmax.js';
export {
  REDUCTIONS,
  type Reduction,
  type StitchLayout,
  type StitchOptions,
  stitch,
  uploadStitchLayout,
} from './stitch.js';
export type { NodataOptions } from './stored-values.js';
export { type DeviceControl, type TileOptions, uploadControl } from './tile.js';
export { validMask } from './valid-mask.js';
export { countVotes, type VoteCountOptions, type VoteOptions, vote } from './vote.js';
export { type ControlNeeds, controlNeeds, type WarpOptions, warp } from './warp.js';

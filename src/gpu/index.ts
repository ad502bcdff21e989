/**
 * The Backend interface and its WebGPU and CPU implementations, independent of the kernels. Portable; code for Node is in
 * `node/`.
 */
export type {
  Backend,
  BackendCounters,
  BackendInfo,
  BackendLimits,
  RunArguments,
  Staging,
  TensorDtypeOf,
  TensorMeta,
} from './backend.js';
export { CpuBackend } from './cpu/backend.js';
export { type CpuExecutor, type CpuTask, InlineExecutor } from './cpu/executor.js';
export {
  type Binding,
  type BindingAccess,
  type Bindings,
  type CpuKernel,
  type CpuTensors,
  defineKernel,
  type Grid,
  type Kernel,
  type KernelDefinition,
  type KernelParameters,
  type KernelRun,
  type KernelShader,
  type KernelTable,
  type ParameterTable,
  type ParameterType,
} from './kernel.js';
export {
  DeviceTensor,
  type ExternalBuffer,
  type GpuSlice,
  isTensorDtype,
  type TensorDtype,
  tensorDtypeOf,
} from './tensor.js';
export type { TensorBackend } from './tensor-backend.js';
export { isSoftware, modelDevice } from './webgpu/adapter.js';
export { WebGpuBackend } from './webgpu/backend.js';
export { type DeviceMeter, watchDevice } from './webgpu/device-meter.js';

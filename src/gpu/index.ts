/**
 * Running kernels: the Backend interface and its two implementations. Knows nothing of maps or of what kernels
 * compute. Portable; Node's adapters lie in `node/`.
 */
export type {
  Backend,
  BackendCounters,
  BackendInfo,
  BackendLimits,
  RunArguments,
  TensorMeta,
} from './backend.js';
export { CpuBackend } from './cpu/backend.js';
export { type CpuExecutor, type CpuTask, InlineExecutor } from './cpu/executor.js';
export {
  type Binding,
  type BindingAccess,
  type CpuKernel,
  type CpuTensors,
  defineKernel,
  type Grid,
  type Kernel,
  type KernelParameters,
  NAN_BITS,
  type Parameter,
  type ParameterType,
} from './kernel.js';
export { DeviceTensor, isTensorDtype, type TensorDtype, tensorDtypeOf } from './tensor.js';
export { isSoftware, modelDevice } from './webgpu/adapter.js';
export { WebGpuBackend } from './webgpu/backend.js';
export { type DeviceMeter, watchDevice } from './webgpu/device-meter.js';

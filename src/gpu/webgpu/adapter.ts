import type { BackendInfo } from '../backend.js';

/**
 * The limits that are raised to the adapter's: they allow larger tiles. Kernels keep to WebGPU's defaults for all other
 * limits, so that they compile on any adapter.
 */
const RAISED_LIMITS = [
  // A strip of a wide scene is one binding; the default is 128 MiB.
  'maxStorageBufferBindingSize',
  // No tensor can be larger than a buffer; the default is 256 MiB.
  'maxBufferSize',
] as const;

export function raisedLimits(adapter: GPUAdapter): Record<string, number> {
  return Object.fromEntries(RAISED_LIMITS.map((name) => [name, adapter.limits[name]]));
}

/** Further limits and features for an ONNX runtime, where the adapter has them. */
const MODEL_LIMITS = [
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
] as const;
const MODEL_FEATURES = ['shader-f16', 'subgroups'];

/** The descriptor of a device for models and kernels. */
export function modelDevice(adapter: GPUAdapter): GPUDeviceDescriptor {
  return {
    requiredLimits: {
      ...raisedLimits(adapter),
      ...Object.fromEntries(MODEL_LIMITS.map((name) => [name, adapter.limits[name]])),
    },
    requiredFeatures: [...adapter.features].filter((name): name is GPUFeatureName =>
      MODEL_FEATURES.includes(name),
    ),
  };
}

/** The backend's description of an adapter. */
export function describeAdapter(info: GPUAdapterInfo): BackendInfo {
  const adapter = info.description || [info.vendor, info.architecture, info.device].filter(Boolean).join(' ');
  return {
    kind: 'webgpu',
    adapter: adapter || 'unnamed adapter',
    ...(info.device ? { device: info.device } : {}),
    adapterClass: isSoftware(info) ? 'software' : 'hardware',
    threads: 0,
  };
}

/** Whether an adapter emulates a GPU on the processor, as lavapipe and SwiftShader do. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  return (
    info.isFallbackAdapter === true ||
    /llvmpipe|swiftshader|software/i.test(`${info.description} ${info.architecture}`)
  );
}

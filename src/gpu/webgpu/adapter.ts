import type { BackendInfo } from '../backend.js';

/**
 * The limits that terrachip asks for, each raised to what the adapter offers: they only make tiles larger. Kernels
 * keep to WebGPU's defaults in everything else, so that they compile on any adapter.
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

/** What the kernels of an ONNX runtime make use of besides, where the adapter has it. */
const MODEL_LIMITS = [
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
] as const;
const MODEL_FEATURES = ['shader-f16', 'subgroups'];

/** A device on which models run besides kernels. */
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

/** An adapter as the backend describes itself. */
export function describeAdapter(info: GPUAdapterInfo): BackendInfo {
  const adapter = info.description || [info.vendor, info.architecture, info.device].filter(Boolean).join(' ');
  return {
    kind: 'webgpu',
    adapter: adapter || 'unnamed adapter',
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

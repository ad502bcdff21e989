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

/** The providers of `onnxruntime-node`. It has its own memory: chips are copied to it. */
export const HOST_PROVIDER_CHOICES = ['auto', 'cpu', 'cuda', 'webgpu'] as const;

/** `auto` is the first that works of cuda, webgpu (on a hardware adapter) and cpu. */
export type HostProviderChoice = (typeof HOST_PROVIDER_CHOICES)[number];

/** All providers. */
export const PROVIDER_CHOICES = [...HOST_PROVIDER_CHOICES, 'webgpu-resident'] as const;

/** `webgpu-resident` runs the model on the device of the kernels, without copies. `auto` never chooses it. */
export type ProviderChoice = (typeof PROVIDER_CHOICES)[number];

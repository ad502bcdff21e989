/** The providers of `onnxruntime-node`, which has its own memory: chips are copied to it. */
export const HOST_PROVIDER_CHOICES = ['auto', 'cpu', 'cuda', 'webgpu'] as const;

/** `auto` takes cuda, then webgpu on a hardware adapter, then cpu: the first that works. */
export type HostProviderChoice = (typeof HOST_PROVIDER_CHOICES)[number];

/** What may run a model, by name; `auto` takes the best that works. */
export const PROVIDER_CHOICES = [...HOST_PROVIDER_CHOICES, 'webgpu-resident'] as const;

/** `webgpu-resident`, by name only, runs the model on the device of the kernels, so that chips never leave it. */
export type ProviderChoice = (typeof PROVIDER_CHOICES)[number];

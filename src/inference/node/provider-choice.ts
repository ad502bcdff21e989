export const PROVIDER_CHOICES = ['auto', 'cpu', 'cuda', 'webgpu'] as const;

/** `auto` takes cuda, then webgpu on a hardware adapter, then cpu: the first that works. */
export type ProviderChoice = (typeof PROVIDER_CHOICES)[number];

export const BACKEND_CHOICES = ['auto', 'webgpu', 'cpu'] as const;

/**
 * `auto` uses a hardware GPU if there is one, else the CPU. `webgpu` uses any adapter, including a software one, and fails
 * without one.
 */
export type BackendChoice = (typeof BACKEND_CHOICES)[number];

export function isBackendChoice(value: string): value is BackendChoice {
  return (BACKEND_CHOICES as readonly string[]).includes(value);
}

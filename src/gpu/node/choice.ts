export const BACKEND_CHOICES = ['auto', 'webgpu', 'cpu'] as const;

/**
 * `auto` takes a hardware GPU if there is one, else the CPU; `webgpu` takes any adapter, a software one too, and
 * fails without one. Nothing is timed.
 */
export type BackendChoice = (typeof BACKEND_CHOICES)[number];

export function isBackendChoice(value: string): value is BackendChoice {
  return (BACKEND_CHOICES as readonly string[]).includes(value);
}

import { withoutCredentials } from './errors.js';

/** An event of a long operation. The library itself never prints. */
export type ProgressEvent =
  | { type: 'stage'; stage: string }
  | { type: 'progress'; stage: string; done: number; total: number; unit: string }
  | { type: 'warning'; message: string }
  | ({ type: 'plan'; stage: string } & WorkPlan);

/** The expected work of a stage, known before it begins. */
export interface WorkPlan {
  /** The input, such as `2 bands of 512 × 512 pixels of scene.tif`. */
  reads: string;
  /** The output and its location. */
  writes: string;
  /** Approximate bytes to write, and free bytes of the disk; null if unknown. */
  disk?: { readonly bytes: number; readonly freeBytes: number | null } | null;
  /** Approximate memory. */
  memoryBytes?: number | null;
}

/** Receives the events of a long operation. */
export type OnProgress = (event: ProgressEvent) => void;

/** Options of every long operation. */
export interface OperationOptions {
  /** Aborts the operation, which then rejects with the signal's reason. */
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** Reports how much of a stage is done. */
export function reportProgress(
  { onProgress }: OperationOptions,
  stage: string,
  done: number,
  total: number,
  unit: string,
): void {
  onProgress?.({ type: 'progress', stage, done, total, unit });
}

/** Reports the expected work of a stage before it begins; addresses without signatures. */
export function reportPlan({ onProgress }: OperationOptions, stage: string, plan: WorkPlan): void {
  const [reads, writes] = [plan.reads, plan.writes].map(withoutCredentials);
  onProgress?.({ type: 'plan', stage, ...plan, reads, writes });
}

/** `1 file`, `3 files`. @param many the word for several; default with an s */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `2 bands of 512 × 512 pixels`. */
export function pixelsOf(width: number, height: number, bands: number): string {
  return `${counted(bands, 'band')} of ${width} × ${height} pixels`;
}

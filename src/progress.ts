/** An event of a long operation. The library itself never prints. */
export type ProgressEvent =
  | { type: 'stage'; stage: string }
  | { type: 'progress'; stage: string; done: number; total: number; unit: string }
  | { type: 'warning'; message: string };

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

/** What long operations report; the library itself never prints. */
export type ProgressEvent =
  | { type: 'stage'; stage: string }
  | { type: 'progress'; stage: string; done: number; total: number; unit: string }
  | { type: 'warning'; message: string };

/** Takes events of a long operation: stages, progress and warnings. */
export type OnProgress = (event: ProgressEvent) => void;

/** Options that every long operation takes. */
export interface OperationOptions {
  /** Aborts the operation; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

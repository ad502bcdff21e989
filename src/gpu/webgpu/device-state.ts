import { internalError, invalidInput, messageOf, TerrachipError } from '../../errors.js';

/** Collects a device's errors, including its loss. */
export class DeviceState {
  #failure: TerrachipError | null = null;
  #lost: TerrachipError | null = null;
  #isClosed = false;
  #isRefused = false;
  /** Rejects the pending waits when the device is lost. */
  readonly #waiting = new Set<(error: TerrachipError) => void>();
  /** Pending checks of shaders. */
  #checks: Promise<void>[] = [];
  readonly #onError = (event: Event): void => {
    const { error } = event as GPUUncapturedErrorEvent;
    this.#failure ??= internalError('WebGPU', error.message);
  };

  constructor(private readonly device: GPUDevice) {
    device.addEventListener('uncapturederror', this.#onError);
    // An adopted device outlives the backend; its promise must not keep the backend in memory.
    const self = new WeakRef(this);
    void device.lost.then((lost) => {
      const state = self.deref();
      if (state !== undefined) state.#lose(deviceLost(lost.message || lost.reason));
    });
  }

  /** @throws the device's error */
  requireSound(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Compiles a kernel's shader. The next `settled` throws its errors, with the kernel's name. */
  compile<Result>(kernel: string, make: () => Result): Result {
    this.device.pushErrorScope('validation');
    const result = make();
    const check = this.device.popErrorScope().then(
      (error) => {
        // Only the first error matters.
        if (error === null || this.#isRefused) return;
        this.#isRefused = true;
        const problem = `has a shader that the device refuses (${error.message.trim()})`;
        this.#failure = invalidInput(`the kernel "${kernel}"`, problem, 'correct the shader');
      },
      // The device is lost: `settled` reports it.
      () => undefined,
    );
    this.#checks.push(check);
    return result;
  }

  /** Waits for a promise of the device. It may never settle when the device is lost. */
  async settled(promise: Promise<unknown>): Promise<void> {
    let stop: (error: TerrachipError) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => {
      stop = reject;
    });
    // Not chained to `device.lost`, which would keep every promise in memory.
    this.#waiting.add(stop);
    if (this.#lost !== null) stop(this.#lost);
    const checks = this.#checks;
    this.#checks = [];
    try {
      await Promise.race([Promise.all([promise, ...checks]), lost]);
    } catch (cause) {
      await Promise.race([Promise.all(checks), lost]).catch(() => undefined);
      throw this.#failure ?? (cause instanceof TerrachipError ? cause : deviceLost(messageOf(cause)));
    } finally {
      this.#waiting.delete(stop);
    }
  }

  /** Removes the listener, through which an adopted device would keep the backend in memory. */
  close(): void {
    this.#isClosed = true;
    this.device.removeEventListener('uncapturederror', this.#onError);
  }

  #lose(error: TerrachipError): void {
    this.#lost = error;
    if (!this.#isClosed) this.#failure = error;
    for (const reject of this.#waiting) reject(error);
  }
}

export function deviceLost(reason: string): TerrachipError {
  return new TerrachipError(
    'DEVICE_LOST',
    `the GPU device was lost (${reason.trim() || 'no reason given'})`,
    'run again, with `resume` where a map was under way, or use `backend` cpu',
    { reason },
  );
}

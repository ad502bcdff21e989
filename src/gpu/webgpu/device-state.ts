import { internalError, invalidInput, messageOf, TerrachipError } from '../../errors.js';

/** Whether a device still works, and what went wrong on it since somebody last asked. */
export class DeviceState {
  readonly #device: GPUDevice;
  #failure: TerrachipError | null = null;
  #lost: TerrachipError | null = null;
  #isClosed = false;
  #isRefused = false;
  /** What to call for those who wait for the device, when it is lost. */
  readonly #waiting = new Set<(error: TerrachipError) => void>();
  /** Checks of shaders that are under way. */
  #checks: Promise<void>[] = [];
  readonly #onError = (event: Event): void => {
    const { error } = event as GPUUncapturedErrorEvent;
    this.#failure ??= internalError('WebGPU', error.message);
  };

  constructor(device: GPUDevice) {
    this.#device = device;
    device.addEventListener('uncapturederror', this.#onError);
    // An adopted device outlives the backend, which its promise must not keep.
    const self = new WeakRef(this);
    void device.lost.then((lost) => {
      const state = self.deref();
      if (state !== undefined) state.#lose(deviceLost(lost.message || lost.reason));
    });
  }

  /** @throws what went wrong on the device */
  requireSound(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Compiles a kernel's shader, whose mistakes are told as the kernel's by the next `settled`. */
  compile<Result>(kernel: string, make: () => Result): Result {
    this.#device.pushErrorScope('validation');
    const result = make();
    const check = this.#device.popErrorScope().then(
      (error) => {
        // What follows from the first mistake is of no interest.
        if (error === null || this.#isRefused) return;
        this.#isRefused = true;
        const problem = `has a shader that the device refuses (${error.message.trim()})`;
        this.#failure = invalidInput(`the kernel "${kernel}"`, problem, 'correct the shader');
      },
      // A lost device, which `settled` tells.
      () => undefined,
    );
    this.#checks.push(check);
    return result;
  }

  /** Waits for a promise of the device's, which rejects or never settles when the device is lost. */
  async settled(promise: Promise<unknown>): Promise<void> {
    let stop: (error: TerrachipError) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => {
      stop = reject;
    });
    // Not chained to the device's own promise, which would keep every one of them.
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

  /** Stops listening: a device keeps its listeners, and they keep the backend, so that neither is ever collected. */
  close(): void {
    this.#isClosed = true;
    this.#device.removeEventListener('uncapturederror', this.#onError);
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

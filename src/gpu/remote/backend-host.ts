import { internalError } from '../../errors.js';
import type { KernelShader } from '../kernel.js';
import type { DeviceTensor } from '../tensor.js';
import type { WebGpuBackend } from '../webgpu/backend.js';
import type { BackendAnswer, BackendCommand, BackendQuestion } from './messages.js';

/** Executes the commands of a `RemoteBackend` on a backend of this thread. */
export class BackendHost {
  readonly #tensors = new Map<number, DeviceTensor>();
  readonly #shaders = new Map<number, KernelShader>();
  /** The error of the first failed command, thrown by the next `answer`. */
  #failure: unknown = null;

  constructor(readonly backend: WebGpuBackend) {}

  /** Executes a command. The next `answer` throws its error. */
  execute(command: BackendCommand): void {
    if (this.#failure !== null) return;
    try {
      this.#execute(command);
    } catch (error) {
      this.#failure = error;
    }
  }

  async answer(question: BackendQuestion): Promise<BackendAnswer> {
    this.requireSound();
    const { backend } = this;
    if (question.op === 'submit') {
      await backend.submit();
      return { counters: { ...backend.counters } };
    }
    const data = await backend.download(this.tensor(question.tensor));
    return { data, counters: { ...backend.counters } };
  }

  /** @throws the error of an earlier command */
  requireSound(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  tensor(number: number): DeviceTensor {
    const tensor = this.#tensors.get(number);
    if (tensor === undefined) throw internalError('BackendHost', `there is no tensor ${number}`);
    return tensor;
  }

  /** Registers a tensor of this backend under a number. */
  keep(number: number, tensor: DeviceTensor): void {
    this.#tensors.set(number, tensor);
  }

  #execute(command: BackendCommand): void {
    const { backend } = this;
    switch (command.op) {
      case 'allocate':
        this.keep(command.tensor, backend.allocate(command.shape, command.dtype));
        break;
      case 'upload':
        this.keep(command.tensor, backend.upload(command.data, command.shape));
        break;
      case 'write':
        backend.write(this.tensor(command.tensor), command.data, command.offset);
        break;
      case 'copy': {
        const [from, to] = [this.tensor(command.from), this.tensor(command.to)];
        backend.copy(from, command.fromOffset, to, command.toOffset, command.length);
        break;
      }
      case 'shader':
        this.#shaders.set(command.number, command.shader);
        break;
      case 'run': {
        const { parameters, grid } = command;
        const tensors: Record<string, DeviceTensor | null> = {};
        for (const [name, number] of Object.entries(command.tensors)) {
          tensors[name] = number === null ? null : this.tensor(number);
        }
        backend.dispatch(this.#shader(command.shader), { tensors, parameters, grid });
        break;
      }
      case 'release':
        this.tensor(command.tensor).dispose();
        this.#tensors.delete(command.tensor);
    }
  }

  #shader(number: number): KernelShader {
    const shader = this.#shaders.get(number);
    if (shader === undefined) throw internalError('BackendHost', `there is no shader ${number}`);
    return shader;
  }
}

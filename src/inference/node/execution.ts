import { invalidOption } from '../../errors.js';
import type { Backend } from '../../gpu/index.js';
import { type BackendChoice, createBackend } from '../../gpu/node/index.js';
import type { OnProgress } from '../../progress.js';
import { RESIDENT } from '../gpu-graph.js';
import type { ModelSpec } from '../model-spec.js';
import { ModelSession } from '../session.js';
import { type ModelFolder, openSession } from './model-folder.js';
import type { ProviderChoice } from './provider-choice.js';
import { ResidentDevice } from './resident-device.js';

/** The backend of the kernels and the provider of the model. */
export interface ExecutionOptions {
  backend?: BackendChoice;
  provider?: ProviderChoice;
  /** Worker threads of the CPU backend and of the model's operators. */
  threads?: number;
  /**
   * Chips that the model runs at a time, with the provider `cpu`: in as many threads, each with its own copy of the weights
   * and an equal share of `threads`. Scenes are mapped faster, since the model then does not block the calling thread
   * (default: one batch at a time in the calling thread).
   */
  chipsAtOnce?: number;
  /** Encode equal phases once (default true), for models in two graphs. The results are identical. */
  reusePhases?: boolean;
  /** Gets a warning where the provider `auto` passes over webgpu, which computes a convolution of the model wrongly. */
  onProgress?: OnProgress;
}

/** A backend, and a model session that takes its tensors. */
export interface Execution<Spec extends ModelSpec = ModelSpec> {
  readonly backend: Backend;
  readonly session: ModelSession<Spec>;
  /** Disposes of both. */
  dispose(): Promise<void>;
}

/**
 * Creates a backend and a session.
 * @throws {TerrachipError} INVALID_OPTION for a provider that does not work with the backend; as `openSession`
 */
export async function openExecution<Spec extends ModelSpec>(
  model: ModelFolder<Spec>,
  options: ExecutionOptions = {},
): Promise<Execution<Spec>> {
  const { backend: choice = 'auto', provider = 'auto', reusePhases, ...others } = options;
  const { threads } = others;
  if (provider !== RESIDENT) {
    const backend = await createBackend({ backend: choice, threads });
    const hasHardwareGpu = backend.info.adapterClass === 'hardware';
    return withSession(backend, openSession(model, { provider, hasHardwareGpu, reusePhases, ...others }));
  }
  if (choice === 'cpu') {
    throw invalidOption(
      'provider',
      `cannot be ${RESIDENT} with the backend cpu, since the model shares the device of the kernels`,
      'leave out `backend`',
    );
  }
  const device = await ResidentDevice.start();
  const loading = ModelSession.load(model.spec, model.graphs, (path) => device.load(path), { reusePhases });
  return withSession(device.backend, loading);
}

async function withSession<Spec extends ModelSpec>(
  backend: Backend,
  opening: Promise<ModelSession<Spec>>,
): Promise<Execution<Spec>> {
  try {
    const session = await opening;
    return { backend, session, dispose: () => session.dispose().finally(() => backend.dispose()) };
  } catch (error) {
    backend.dispose();
    throw error;
  }
}

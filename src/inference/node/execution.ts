import { invalidOption } from '../../errors.js';
import type { Backend } from '../../gpu/index.js';
import { type BackendChoice, createBackend } from '../../gpu/node/index.js';
import type { ChipModel } from '../chip-model.js';
import { ResidentSession } from '../resident-session.js';
import { graphFiles, type ModelFolder, openSession } from './model-folder.js';
import type { ProviderChoice } from './provider-choice.js';
import { ResidentDevice } from './resident-device.js';

export interface ExecutionOptions {
  backend?: BackendChoice;
  provider?: ProviderChoice;
  /** Worker threads of the CPU backend and of the model's operators. */
  threads?: number;
  /**
   * Whether equal phases are encoded once, in models of two graphs; changes no bit. Default: true. On the device of
   * the backend they are always encoded one by one.
   */
  reusePhases?: boolean;
}

/** What runs a scene: kernels, and a model that takes their tensors. Dispose of the session, then of the backend. */
export interface Execution {
  readonly backend: Backend;
  readonly session: ChipModel;
}

/**
 * Creates the backend and the session that options ask for.
 * @throws {TerrachipError} INVALID_OPTION for a provider that cannot work with the backend; as `openSession`
 */
export async function openExecution(model: ModelFolder, options: ExecutionOptions = {}): Promise<Execution> {
  const { backend: choice = 'auto', provider = 'auto', threads, reusePhases } = options;
  if (provider === 'webgpu-resident') {
    if (choice === 'cpu') {
      throw invalidOption(
        'provider',
        'cannot be webgpu-resident with `backend` cpu, since the model shares the device of the kernels',
        'leave out `backend`',
      );
    }
    return openResident(model);
  }
  const workers = threads === undefined ? {} : { threads };
  const backend = await createBackend({ backend: choice, ...workers });
  try {
    const session = await openSession(model, {
      provider,
      hasHardwareGpu: backend.info.adapterClass === 'hardware',
      ...(reusePhases === undefined ? {} : { reusePhases }),
      ...workers,
    });
    return { backend, session };
  } catch (error) {
    backend.dispose();
    throw error;
  }
}

async function openResident(model: ModelFolder): Promise<Execution> {
  const device = await ResidentDevice.start();
  try {
    const files = graphFiles(model);
    const graphs =
      typeof files === 'string'
        ? { whole: await device.load(files) }
        : { encoder: await device.load(files.encoder), decoder: await device.load(files.decoder) };
    return { backend: device.backend, session: new ResidentSession(model.manifest, graphs) };
  } catch (error) {
    device.backend.dispose();
    throw error;
  }
}

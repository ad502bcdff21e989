import type { InferenceSession } from 'onnxruntime-common';
import { invalidInput, messageOf } from '../../errors.js';
import type { HostProviderChoice } from '../../inference/index.js';
import { availableProviders, loadOnnxRuntime, providersToTry } from '../../inference/node/onnx-runtime.js';

export interface GraphSession {
  readonly session: InferenceSession;
  /** The provider that the session was created with. */
  readonly provider: string;
  readonly runtime: Awaited<ReturnType<typeof loadOnnxRuntime>>;
}

/**
 * Loads a graph with the first provider that works. Release the session when done.
 * @throws {TerrachipError} INVALID_INPUT when none loads it
 */
export async function openGraph(path: string, choice: HostProviderChoice = 'auto'): Promise<GraphSession> {
  const runtime = await loadOnnxRuntime();
  let failure: unknown;
  for (const provider of providersToTry(choice, await availableProviders(), false)) {
    try {
      const session = await runtime.InferenceSession.create(path, { executionProviders: [provider] });
      return { session, provider, runtime };
    } catch (error) {
      failure = error;
    }
  }
  throw invalidInput(
    path,
    `cannot be loaded (${messageOf(failure).split('\n')[0]})`,
    'check the file, or choose another `provider`',
    failure,
  );
}

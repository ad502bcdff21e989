/** A thread with sessions of ONNX Runtime, for `ModelThreads`. */
import { internalError } from '../../errors.js';
import { answerRequests } from '../../gpu/node/worker-pool.js';
import { type HostArray, HostSession, type RuntimeOptions } from '../host-session.js';
import type { DeclaredTensor } from '../model-graph.js';
import { loadOnnxRuntime } from './onnx-runtime.js';
import { ThreadActivity } from './thread-activity.js';

export type ModelRequest =
  /** Loads a graph under a number. `activity` is the buffer of a `ThreadActivity`. */
  | {
      readonly op: 'load';
      readonly graph: number;
      readonly path: string;
      readonly options: RuntimeOptions;
      readonly activity: SharedArrayBuffer;
    }
  | {
      readonly op: 'run';
      readonly graph: number;
      readonly inputs: ReadonlyMap<string, HostArray>;
      readonly outputs: readonly string[];
    }
  | { readonly op: 'unload'; readonly graph: number };

/** What a graph declares, after `load`; its outputs, after `run`. */
export interface ModelReply {
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
  readonly results: HostArray[];
}

const NOTHING: ModelReply = { inputs: [], outputs: [], results: [] };
const sessions = new Map<number, HostSession>();
let activity = new ThreadActivity();

answerRequests(async (request: ModelRequest): Promise<{ message: ModelReply }> => {
  if (request.op === 'load') activity = new ThreadActivity(request.activity);
  // No answer is needed: the process is about to end.
  if (!activity.begin()) return new Promise(() => undefined);
  try {
    return { message: await answer(request) };
  } finally {
    activity.end();
  }
});

async function answer(request: ModelRequest): Promise<ModelReply> {
  const { graph } = request;
  if (request.op === 'load') {
    const { path, options } = request;
    const session = await HostSession.load(await loadOnnxRuntime(), path, path, options);
    sessions.set(graph, session);
    const { inputs, outputs } = session;
    return { ...NOTHING, inputs, outputs };
  }
  const session = sessions.get(graph);
  if (request.op === 'unload') {
    sessions.delete(graph);
    await session?.dispose();
    return NOTHING;
  }
  if (session === undefined) throw internalError('onnx-worker', `there is no graph ${graph}`);
  return { ...NOTHING, results: await session.run(request.inputs, request.outputs) };
}

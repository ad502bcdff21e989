import { inputShape, type ModelManifest, ModelSession, type OnnxRuntime } from 'terrachip/inference';

export const shapes = (manifest: ModelManifest): number[][] =>
  manifest.inputs.map((input) => inputShape(manifest, input, 1));

export const open = (runtime: OnnxRuntime, model: Uint8Array, manifest: ModelManifest) =>
  ModelSession.create(runtime, model, manifest, { provider: 'cpu' });

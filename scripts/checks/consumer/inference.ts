import { inputShape, ModelSession, type OnnxRuntime, type SegmentationSpec } from 'terrachip/inference';

export const shapes = (spec: SegmentationSpec): number[][] =>
  spec.inputs.map((input) => inputShape(spec, input, 1));

export const open = (runtime: OnnxRuntime, model: Uint8Array, spec: SegmentationSpec) =>
  ModelSession.create(runtime, model, spec, { provider: 'cpu' });

/** Checkpoints of PyTorch and safetensors files, read tensor by tensor and without running anything in them. */
export type { Checkpoint, CheckpointDType, CheckpointTensor } from './checkpoint.js';
export { openCheckpoint } from './open.js';

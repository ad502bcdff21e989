/** Checkpoints in PyTorch and safetensors files, read tensor by tensor. No code in a file is run. */
export type { Checkpoint, CheckpointDType, CheckpointTensor } from './checkpoint.js';
export { type CheckpointOptions, WEIGHTS, type Weights } from './choice.js';
export { JoinedCheckpoint, readIndex } from './joined.js';
export { openCheckpoint } from './open.js';

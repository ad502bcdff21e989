/** What the families of vision transformers share: checks of tensors, blocks, necks, decoders and heads. */
export { type ChipSize, gridOf } from './chip.js';
export type { Leftovers } from './leftovers.js';
export { type PhasePooling, POOLINGS, type Pooling } from './phases.js';
export type { Decoder, Segmentation } from './segmentation.js';
export type { CheckpointGraph } from './weights.js';

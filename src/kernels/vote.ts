/**
 * Class votes of overlapping chips.
 *
 * Definition: in a hard vote each chip that covers a pixel, is present and finite there in all classes votes for its most
 * likely class, and the class with most votes wins (the lowest class in case of ties). In a soft vote the class with the
 * largest mean wins, blended as in `stitch`. Nodata where the mask is 0, or where no chip has a value.
 *
 * Shapes: predictions (slot, class, y, x) float32; counts (class, row, x) float32; labels (row, x) uint8.
 * Error: none for counts and hard votes, nor for soft votes if the two best classes differ by more than 1e-6. Bytes per
 * pixel and class: about 6 read + 4 written.
 */
import { type Backend, type DeviceTensor, defineKernel, type KernelTable } from '../gpu/index.js';
import { compose, votesShader } from '../shaders/index.js';
import { argmax } from './argmax.js';
import { module, run } from './cpu/votes.js';
import {
  requireStitchable,
  STITCH_PARAMETERS,
  type StitchOptions,
  stitch,
  stitchParameters,
} from './stitch.js';

export const VOTES = {
  bindings: {
    predictions: { access: 'read', dtype: 'float32' },
    placement: { access: 'read', dtype: 'int32' },
    slots: { access: 'read', dtype: 'int32' },
    mask: { access: 'read', dtype: 'uint8' },
    counts: { access: 'read_write', dtype: 'float32' },
  },
  parameters: STITCH_PARAMETERS,
} as const satisfies KernelTable;

/** The kernel of `vote`: counts the chips for each class. */
export const votesKernel = defineKernel({
  name: 'votes',
  ...VOTES,
  shader: compose(votesShader, ['missing']),
  grid: ({ width, rows }) => [width, rows, 1],
  cpu: { module, run, rows: ({ rows }) => rows },
});

/** As for `stitch`; `output` receives the votes of each class, NaN without votes. */
export type VoteCountOptions = Omit<StitchOptions, 'reduction'>;

/**
 * Counts the chips that vote for each class. @throws {TerrachipError} INVALID_INPUT for tensors of a wrong type or
 * length
 */
export function countVotes(backend: Backend, options: VoteCountOptions): void {
  requireStitchable('votes', options);
  const { predictions, scene, slots, mask, output } = options;
  backend.run(votesKernel, {
    tensors: { predictions, placement: scene.placement, slots, mask, counts: output },
    parameters: stitchParameters(options),
  });
}

/** Arguments of `vote`. */
export interface VoteOptions extends VoteCountOptions {
  /** `hard`: most chips. `soft`: the largest mean. */
  vote: 'hard' | 'soft';
  /** (class, row, x) float32: receives the votes or the means. */
  output: DeviceTensor;
  /** (row, x) uint8: receives the winners. */
  labels: DeviceTensor;
  /** The label of pixels without data (default 255). */
  nodata?: number;
}

/**
 * Decides classes by vote. @throws {TerrachipError} INVALID_INPUT for tensors of a wrong type or length,
 * INVALID_OPTION for a nodata that is a class
 */
export function vote(backend: Backend, options: VoteOptions): void {
  const { output, labels, nodata = 255 } = options;
  if (options.vote === 'hard') countVotes(backend, options);
  else stitch(backend, { ...options, reduction: 'average' });
  argmax(backend, { scores: output, labels, nodata });
}

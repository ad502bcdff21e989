/** Detection of a Prithvi-EO model's architecture from the names and shapes of its tensors. */
import { invalidInput, invalidOption } from '../../errors.js';
import type { Checkpoint } from '../checkpoint/index.js';
import { countBlocks } from '../vit/blocks.js';
import { chooseTaps, detectSegmentation, featureWidthOf, type Segmentation } from '../vit/segmentation.js';

/** The width of an attention head in all published sizes but one. */
const HEAD_WIDTH = 64;
/** Heads of the size 600M, whose heads are 80 wide. */
const HEADS_OF_1280 = 16;

/** Pixels on a side of the images of the pre-training. */
export const TRAINING_SIZE = 224;

/** The encoder that a checkpoint holds. */
export interface PrithviEncoder {
  readonly depth: number;
  readonly width: number;
  readonly heads: number;
  /** Pixels on a side of a patch: 16, or 14 in the size 600M. */
  readonly patch: number;
  /** Bands of an image. */
  readonly channels: number;
  /** Whether it was trained with the coordinates of images in time and space (the published `TL` models). */
  readonly coordinates: boolean;
}

/** The architecture of a Prithvi-EO model. */
export interface PrithviArchitecture extends Segmentation {
  readonly family: 'prithvi';
  /** Prefix of the encoder's tensor names. */
  readonly encoderPrefix: string;
  readonly encoder: PrithviEncoder;
  /** Images of a chip, all in one sequence of tokens. */
  readonly timestamps: number;
  /** Patches on a side of the grid that the positions in the checkpoint are for. */
  readonly side: number;
  /** Whether the position embeddings of the checkpoint are for as many dates; else they are computed. */
  readonly storedPositions: boolean;
  /** Blocks whose outputs are used, counted from 0. */
  readonly taps: readonly number[];
}

/** Settings that the tensors do not determine, and overrides. */
export interface PrithviOptions {
  heads?: number;
  taps?: readonly number[];
  /** Images of a chip: of an encoder 1 by default; a decoder's channels determine it. */
  timestamps?: number;
}

const PATCHES = /^(.*)patch_embed\.proj\.weight$/;

/** Whether a checkpoint has the three-dimensional patches of a Prithvi-EO model. */
export function isPrithvi({ tensors }: Checkpoint): boolean {
  return [...tensors].some(([name, { shape }]) => PATCHES.test(name) && shape.length === 5);
}

/**
 * Detects the architecture of a checkpoint.
 * @throws {TerrachipError} INVALID_INPUT for a checkpoint of another model; INVALID_OPTION for options that do not fit it
 */
export function detectPrithvi(checkpoint: Checkpoint, options: PrithviOptions = {}): PrithviArchitecture {
  const encoderPrefix = prefixOf(checkpoint);
  if (encoderPrefix.endsWith('encoder.encoder.')) {
    const problem = 'has terratorch’s temporal wrapper around Prithvi-EO, which terrachip does not know';
    throw invalidInput(
      checkpoint.name,
      problem,
      'give a model that takes all dates at once (backbone_num_frames)',
    );
  }
  const prefix = encoderPrefix.replace(/encoder\.(_timm_module\.)?$/, '');
  const encoder = detectEncoder(checkpoint, encoderPrefix, options.heads);
  const segmentation = detectSegmentation(checkpoint, prefix);
  const timestamps = timestampsOf(checkpoint, segmentation, encoder, options.timestamps);
  return {
    family: 'prithvi',
    ...segmentation,
    encoderPrefix,
    encoder,
    timestamps,
    ...positionsOf(checkpoint, encoderPrefix, encoder, timestamps),
    taps: chooseTaps(encoder.depth, segmentation, options.taps),
  };
}

function prefixOf(checkpoint: Checkpoint): string {
  const prefixes = [...checkpoint.tensors.keys()].flatMap((name) => name.match(PATCHES)?.[1] ?? []);
  if (prefixes.length === 1) return prefixes[0];
  throw invalidInput(
    checkpoint.name,
    prefixes.length === 0
      ? 'holds no patch_embed.proj.weight, which every Prithvi-EO model has'
      : `holds several encoders (${prefixes.join(', ')})`,
    'give a checkpoint of one Prithvi-EO model',
  );
}

function detectEncoder(checkpoint: Checkpoint, prefix: string, heads: number | undefined): PrithviEncoder {
  const { tensors } = checkpoint;
  const [width = 0, channels = 0, time = 0, patch = 0, across = 0] =
    tensors.get(`${prefix}patch_embed.proj.weight`)?.shape ?? [];
  const depth = countBlocks(checkpoint, `${prefix}blocks.`);
  if (depth === 0 || time !== 1 || patch < 1 || patch !== across || width < 16 || width % 16 !== 0) {
    const size = `(${[time, patch, across].join(', ')})`;
    throw invalidInput(
      checkpoint.name,
      depth === 0
        ? 'has patches, but no encoder blocks'
        : `has patches of ${size} and a width of ${width}, not square patches of one date and a multiple of 16`,
      'give a checkpoint of a published size of Prithvi-EO',
    );
  }
  const chosen = heads ?? (width === 1280 ? HEADS_OF_1280 : width / HEAD_WIDTH);
  if (!Number.isInteger(chosen) || chosen < 1 || width % chosen !== 0) {
    const problem = heads === undefined ? 'is missing' : `cannot be ${heads}`;
    const remedy = 'give the number of attention heads that the model was trained with';
    throw invalidOption('heads', `${problem} for an encoder of width ${width}`, remedy);
  }
  const coordinates =
    tensors.has(`${prefix}temporal_embed_enc.scale`) || tensors.has(`${prefix}location_embed_enc.scale`);
  return { depth, width, heads: chosen, patch, channels, coordinates };
}

/** A decoder takes the features of all dates side by side. */
function timestampsOf(
  checkpoint: Checkpoint,
  segmentation: Segmentation,
  { width }: PrithviEncoder,
  wanted: number | undefined,
): number {
  const detected =
    segmentation.decoder === null ? (wanted ?? 1) : featureWidthOf(checkpoint, segmentation, width) / width;
  if (Number.isInteger(detected) && detected >= 1 && (wanted ?? detected) === detected) return detected;
  throw invalidOption(
    'timestamps',
    `cannot be ${wanted}: ${checkpoint.name} was trained with ${detected}`,
    `give ${detected}, or leave it out`,
  );
}

/** Positions are fixed, but depend on the number of dates and on the images' size, which is not always that of chips. */
function positionsOf(
  checkpoint: Checkpoint,
  prefix: string,
  { patch }: PrithviEncoder,
  timestamps: number,
): { side: number; storedPositions: boolean } {
  const name = `${prefix}pos_embed`;
  const [, count = 0] = checkpoint.tensors.get(name)?.shape ?? [];
  const patches = count - 1;
  const side = Math.floor(TRAINING_SIZE / patch);
  if (patches === timestamps * side ** 2) return { side, storedPositions: true };
  if (patches >= side ** 2 && patches % side ** 2 === 0) return { side, storedPositions: false };
  const other = Math.sqrt(patches / timestamps);
  if (Number.isInteger(other) && other >= 1) return { side: other, storedPositions: true };
  throw invalidInput(
    checkpoint.name,
    `has ${name} for ${patches} patches, which are no square grid for each of ${timestamps} dates`,
    'give `timestamps` as in the training configuration',
  );
}

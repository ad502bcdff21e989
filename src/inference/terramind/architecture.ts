/** Detection of a model's architecture from the names and shapes of its tensors. */
import { invalidInput, invalidOption } from '../../errors.js';
import type { Checkpoint } from '../checkpoint/index.js';
import { countBlocks, requireSquare } from '../vit/blocks.js';
import type { PhasePooling, Pooling } from '../vit/phases.js';
import { chooseTaps, detectSegmentation, featureWidthOf, type Segmentation } from '../vit/segmentation.js';
import { MODALITIES } from './modalities.js';

export const PATCH = 16;

/** The width of an attention head in all published models. */
const HEAD_WIDTH = 64;

export const MERGES = ['mean', 'max', 'concat', 'dict'] as const;
/** How the tokens of several modalities are merged. `dict` does not merge them; it is for embeddings only. */
export type Merge = (typeof MERGES)[number];

/** One kind of image that an encoder takes. */
export interface Modality {
  /** The name for users: S2L2A, S1RTC, DEM, … */
  readonly name: string;
  /** Its key in `encoder_embeddings`. */
  readonly key: string;
  readonly channels: number;
}

/** The encoder that a checkpoint holds. */
export interface Encoder {
  readonly depth: number;
  readonly width: number;
  readonly heads: number;
  readonly gated: boolean;
  /** In the order of the checkpoint. */
  readonly modalities: readonly Modality[];
  readonly normalised: boolean;
}

/** The architecture of a TerraMind model. */
export interface Architecture extends Segmentation, PhasePooling {
  readonly family: 'terramind';
  /** Prefix of the encoder's tensor names. */
  readonly encoderPrefix: string;
  readonly encoder: Encoder;
  /** The graph's input modalities, in the order of the tokens. */
  readonly modalities: readonly Modality[];
  readonly merge: Merge;
  /** Blocks whose outputs are used, counted from 0. */
  readonly taps: readonly number[];
}

/** Settings that the tensors do not determine, and overrides. */
export interface ArchitectureOptions {
  /** Names of the input modalities (default: all). */
  modalities?: readonly string[];
  heads?: number;
  taps?: readonly number[];
  merge?: Merge;
  timestamps?: number;
  pooling?: Pooling;
}

/**
 * Detects the architecture of a checkpoint.
 * @throws {TerrachipError} INVALID_INPUT for a checkpoint of another model; INVALID_OPTION for options that do not fit it
 */
export function detectArchitecture(checkpoint: Checkpoint, options: ArchitectureOptions = {}): Architecture {
  const names = [...checkpoint.tensors.keys()];
  const encoderPrefix = prefixOf(checkpoint, names);
  const temporal = encoderPrefix.endsWith('encoder.encoder.');
  const prefix = encoderPrefix.replace(/(encoder\.){1,2}$/, '');
  const encoder = detectEncoder(checkpoint, encoderPrefix, options.heads);
  const modalities = chooseModalities(encoder.modalities, options.modalities);
  const segmentation = detectSegmentation(checkpoint, prefix);
  const { decoder } = segmentation;
  const merge =
    options.merge ?? (checkpoint.tensors.has(`${encoderPrefix}missing_mod_token`) ? 'concat' : 'mean');
  const mergedWidth = encoder.width * (merge === 'concat' ? encoder.modalities.length : 1);
  const featureWidth =
    decoder === null ? mergedWidth : featureWidthOf(checkpoint, segmentation, encoder.width);
  const ratio = featureWidth / mergedWidth;
  if (!Number.isInteger(ratio)) {
    throw invalidOption(
      'merge',
      `cannot be ${merge}: the decoder of ${checkpoint.name} takes ${featureWidth} channels, which is not a multiple of ${mergedWidth}`,
      'name the merge that the model was trained with',
    );
  }
  const time = detectTime(checkpoint, temporal, decoder !== null, ratio, options);
  return {
    family: 'terramind',
    ...segmentation,
    encoderPrefix,
    encoder,
    modalities,
    merge,
    ...time,
    taps: chooseTaps(encoder.depth, segmentation, options.taps),
  };
}

function prefixOf(checkpoint: Checkpoint, names: readonly string[]): string {
  const prefixes = new Set(
    names.flatMap((name) => name.match(/^(.*)encoder_embeddings\.[^.]+(?:@\d+)?\.proj\.weight$/)?.[1] ?? []),
  );
  if (prefixes.size !== 1) {
    throw invalidInput(
      checkpoint.name,
      prefixes.size === 0
        ? 'holds no encoder_embeddings.*.proj.weight, which every TerraMind model has'
        : `holds several encoders (${[...prefixes].join(', ')})`,
      'give a checkpoint of one TerraMind model',
    );
  }
  return [...prefixes][0];
}

function detectEncoder(checkpoint: Checkpoint, prefix: string, heads: number | undefined): Encoder {
  const { tensors } = checkpoint;
  const modalities: Modality[] = [];
  let width = 0;
  for (const [name, { shape }] of tensors) {
    const key = name.startsWith(`${prefix}encoder_embeddings.`)
      ? name.slice(prefix.length).match(/^encoder_embeddings\.(.+)\.proj\.weight$/)?.[1]
      : undefined;
    if (key === undefined || shape.length !== 2 || !tensors.has(`${prefix}encoder_embeddings.${key}.pos_emb`))
      continue;
    width = shape[0];
    modalities.push({ name: nameOf(key), key, channels: shape[1] / PATCH ** 2 });
  }
  const depth = countBlocks(checkpoint, `${prefix}encoder.`);
  if (depth === 0 || modalities.some(({ channels }) => !Number.isInteger(channels) || channels < 1)) {
    throw invalidInput(
      checkpoint.name,
      depth === 0 ? 'has embeddings, but no encoder blocks' : `has a patch size other than ${PATCH}`,
      'give a checkpoint of a TerraMind model',
    );
  }
  for (const { key } of modalities) requireSquare(checkpoint, `${prefix}encoder_embeddings.${key}.pos_emb`);
  const chosen = heads ?? width / HEAD_WIDTH;
  if (!Number.isInteger(chosen) || chosen < 1 || width % chosen !== 0) {
    const remedy = 'give the number of attention heads that the model was trained with';
    throw invalidOption('heads', `cannot be ${chosen} for an encoder of width ${width}`, remedy);
  }
  return {
    depth,
    width,
    heads: chosen,
    gated: tensors.has(`${prefix}encoder.0.mlp.fc3.weight`),
    modalities,
    normalised: tensors.has(`${prefix}encoder_norm.weight`),
  };
}

function nameOf(key: string): string {
  return Object.entries(MODALITIES).find(([, { key: known }]) => known === key)?.[0] ?? key;
}

function chooseModalities(
  available: readonly Modality[],
  wanted: readonly string[] | undefined,
): readonly Modality[] {
  if (wanted === undefined) return available;
  const unknown = wanted.find((name) => !available.some((modality) => modality.name === name));
  if (unknown !== undefined || wanted.length === 0) {
    const problem = unknown === undefined ? 'names none' : `names ${unknown}, which the checkpoint lacks`;
    throw invalidOption('modalities', problem, `choose from ${available.map(({ name }) => name).join(', ')}`);
  }
  return available.filter(({ name }) => wanted.includes(name));
}

function detectTime(
  checkpoint: Checkpoint,
  temporal: boolean,
  decodes: boolean,
  ratio: number,
  options: ArchitectureOptions,
): { timestamps: number; pooling: Pooling } {
  const { timestamps, pooling } = options;
  if (!temporal) {
    if ((timestamps ?? 1) !== 1 || ratio !== 1) {
      throw invalidOption(
        timestamps === undefined ? 'merge' : 'timestamps',
        'does not fit a checkpoint without a temporal wrapper',
        'leave it out, or name the `merge` that the model was trained with',
      );
    }
    return { timestamps: 1, pooling: 'concat' };
  }
  const detected = pooling ?? (decodes && ratio === 1 && (timestamps ?? 0) !== 1 ? null : 'concat');
  if (detected === null || (timestamps === undefined && (detected !== 'concat' || !decodes))) {
    throw invalidOption(
      detected === null ? 'pooling' : 'timestamps',
      'is missing, and the checkpoint does not determine it',
      'give both `timestamps` and `pooling` as in the training configuration',
    );
  }
  const steps = timestamps ?? ratio;
  const fits = !decodes || ratio === (detected === 'concat' ? steps : 1);
  if (!Number.isInteger(steps) || steps < 1 || !fits || (detected === 'diff' && steps !== 2)) {
    throw invalidOption(
      'timestamps',
      `cannot be ${steps} with pooling ${detected}: ${checkpoint.name} was trained with another number`,
      detected === 'diff' ? 'give 2' : `give ${ratio}, or correct \`pooling\` or \`merge\``,
    );
  }
  return { timestamps: steps, pooling: detected };
}

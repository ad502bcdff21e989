/** Detection of a model's architecture from the names and shapes of its tensors. */
import { invalidInput, invalidOption } from '../../errors.js';
import type { Checkpoint } from '../checkpoint/index.js';
import { countBlocks, requireSquare } from './blocks.js';
import { MODALITIES } from './modalities.js';

export const PATCH = 16;

/** The width of an attention head in all published models. */
const HEAD_WIDTH = 64;

/** The number of feature maps of neck and decoder. */
const LEVELS = 4;

/** A uint8 class map, less the nodata value. */
const MAX_CLASSES = 255;

export const MERGES = ['mean', 'max', 'concat', 'dict'] as const;
/** How the tokens of several modalities are merged. `dict` does not merge them; it is for embeddings only. */
export type Merge = (typeof MERGES)[number];

export const POOLINGS = ['concat', 'mean', 'max', 'diff'] as const;
/** How the maps of several phases are merged. `diff`: the first of two minus the second. */
export type Pooling = (typeof POOLINGS)[number];

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
export interface Architecture {
  /** Prefix of the encoder's tensor names. */
  readonly encoderPrefix: string;
  /** Prefix of the tensor names of neck, decoder and head. */
  readonly prefix: string;
  readonly encoder: Encoder;
  /** The graph's input modalities, in the order of the tokens. */
  readonly modalities: readonly Modality[];
  readonly merge: Merge;
  readonly timestamps: number;
  readonly pooling: Pooling;
  /** Blocks whose outputs are used, counted from 0. */
  readonly taps: readonly number[];
  readonly decoder: 'unet' | 'upernet' | null;
  /** Prefix of the learned neck's tensor names; null without a neck. */
  readonly neck: string | null;
  /** 0 for an encoder without a decoder. */
  readonly classes: number;
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
  const decoder = names.some((name) => name.startsWith(`${prefix}decoder.decoder.blocks.`))
    ? 'unet'
    : names.some((name) => name.startsWith(`${prefix}decoder.psp_modules.`))
      ? 'upernet'
      : null;
  const neck = names
    .map((name) => name.match(/^(.*neck\.\d+\.)fpn1\.0\.weight$/)?.[1])
    .find((found) => found?.startsWith(prefix));
  const merge =
    options.merge ?? (checkpoint.tensors.has(`${encoderPrefix}missing_mod_token`) ? 'concat' : 'mean');
  const mergedWidth = encoder.width * (merge === 'concat' ? encoder.modalities.length : 1);
  const featureWidth =
    decoder === null ? mergedWidth : featureWidthOf(checkpoint, prefix, neck ?? null, encoder);
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
    encoderPrefix,
    prefix,
    encoder,
    modalities,
    merge,
    ...time,
    taps: chooseTaps(encoder.depth, decoder !== null, options.taps),
    decoder,
    neck: neck ?? null,
    classes: decoder === null ? 0 : classesOf(checkpoint, prefix),
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
  const depth = countBlocks(checkpoint, prefix);
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

function chooseTaps(depth: number, decodes: boolean, taps: readonly number[] | undefined): readonly number[] {
  if (!decodes) {
    const [tap = depth - 1, more] = taps ?? [];
    if (more === undefined && Number.isInteger(tap) && tap >= 0 && tap < depth) return [tap];
    const problem = `cannot be ${taps?.join(', ')} for an encoder of ${depth} blocks`;
    throw invalidOption('taps', problem, 'give one block, counted from 0');
  }
  const chosen = taps ?? Array.from({ length: LEVELS }, (_, k) => ((k + 1) * depth) / LEVELS - 1);
  if (chosen.length !== LEVELS || chosen.some((tap) => !Number.isInteger(tap) || tap < 0 || tap >= depth)) {
    throw invalidOption(
      'taps',
      taps === undefined
        ? `is missing: the default, ${LEVELS} blocks evenly, does not fit an encoder of ${depth} blocks`
        : `cannot be ${chosen.join(', ')} for ${depth} blocks`,
      `give the ${LEVELS} blocks that the decoder was trained on, counted from 0`,
    );
  }
  return chosen;
}

/** Channels of the feature maps that neck or decoder take. */
function featureWidthOf(
  checkpoint: Checkpoint,
  prefix: string,
  neck: string | null,
  { width }: Encoder,
): number {
  const lateral = checkpoint.tensors.get(`${prefix}decoder.lateral_convs.0.conv.weight`);
  const shape = neck === null ? lateral?.shape : checkpoint.tensors.get(`${neck}fpn1.0.weight`)?.shape;
  const channels = neck === null ? shape?.[1] : shape?.[0];
  if (channels === undefined || channels % width !== 0) {
    throw invalidInput(
      checkpoint.name,
      'has a decoder without the neck LearnedInterpolateToPyramidal',
      'give a model with that neck, or one with a UperNet decoder',
    );
  }
  return channels;
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

function classesOf(checkpoint: Checkpoint, prefix: string): number {
  const head = checkpoint.tensors.get(`${prefix}head.head.2.weight`);
  if (head === undefined) {
    const problem = `has a decoder, but no ${prefix}head.head.2.weight`;
    throw invalidInput(checkpoint.name, problem, 'give a model for segmentation');
  }
  const [classes = 0] = head.shape;
  if (classes < 2 || classes > MAX_CLASSES) {
    const problem = `has a head of ${classes} ${classes === 1 ? 'class' : 'classes'}`;
    throw invalidInput(checkpoint.name, problem, `give a segmentation into 2 to ${MAX_CLASSES} classes`);
  }
  return classes;
}

/** Neck, decoder and head of terratorch's models, detected from the names and shapes of their tensors. */
import { invalidInput, invalidOption } from '../../errors.js';
import type { Checkpoint } from '../checkpoint/index.js';

/** The number of feature maps of a neck, and of decoders that take several. */
const LEVELS = 4;

/** A uint8 class map, less the nodata value. */
const MAX_CLASSES = 255;

/** A decoder of terratorch: UNetDecoder, UperNetDecoder, FCNDecoder or LinearDecoder. */
export type Decoder = 'unet' | 'upernet' | 'fcn' | 'linear';

/** Tensors that only a decoder has. */
const DECODERS: readonly (readonly [Decoder, RegExp])[] = [
  ['unet', /^decoder\.decoder\.blocks\./],
  ['upernet', /^decoder\.psp_modules\./],
  ['fcn', /^decoder\.convs\.\d+\.\d\./],
  ['linear', /^decoder\.conv\./],
];

/** What follows an encoder. */
export interface Segmentation {
  /** Prefix of the tensor names of neck, decoder and head. */
  readonly prefix: string;
  /** Null for an encoder alone. */
  readonly decoder: Decoder | null;
  /** Prefix of the learned neck's tensor names; null without a neck. */
  readonly neck: string | null;
  /** 0 for an encoder without a decoder. */
  readonly classes: number;
}

/**
 * Detects what follows an encoder.
 * @param prefix of the names of neck, decoder and head
 * @throws {TerrachipError} INVALID_INPUT for a decoder without a head, or with too few or too many classes
 */
export function detectSegmentation(checkpoint: Checkpoint, prefix: string): Segmentation {
  const names = [...checkpoint.tensors.keys()].flatMap((name) =>
    name.startsWith(prefix) ? [name.slice(prefix.length)] : [],
  );
  const [decoder] = DECODERS.find(([, own]) => names.some((name) => own.test(name))) ?? [null];
  // Early versions of UperNetDecoder had the neck in the decoder (scale_modules).
  const neck = names
    .map((name) => name.match(/^(neck\.\d+\.|decoder\.)fpn1\.0\.weight$/)?.[1])
    .find((own) => own !== undefined);
  return {
    prefix,
    decoder,
    neck: neck === undefined ? null : prefix + neck,
    classes: decoder === null ? 0 : classesOf(checkpoint, prefix, decoder),
  };
}

/**
 * The number of channels of the feature maps that neck or decoder take.
 * @throws {TerrachipError} INVALID_INPUT for a UNet without a neck, which would need maps of several sizes
 */
export function featureWidthOf(
  checkpoint: Checkpoint,
  { prefix, neck, decoder }: Segmentation,
  width: number,
): number {
  const shape = (name: string): readonly number[] | undefined => checkpoint.tensors.get(name)?.shape;
  let channels: number | undefined;
  if (neck !== null) channels = shape(`${neck}fpn1.0.weight`)?.[0];
  else if (decoder === 'fcn') channels = shape(`${prefix}decoder.convs.0.0.weight`)?.[0];
  else if (decoder === 'linear') channels = shape(`${prefix}decoder.conv.weight`)?.[0];
  else channels = shape(`${prefix}decoder.lateral_convs.0.conv.weight`)?.[1];
  if (channels !== undefined && channels % width === 0) return channels;
  throw invalidInput(
    checkpoint.name,
    'has a decoder without the neck LearnedInterpolateToPyramidal',
    'give a model with that neck, or one with a decoder UperNet, FCN or Linear',
  );
}

/**
 * The blocks whose outputs are used, counted from 0. Default: four blocks evenly, and the last for an encoder, or for a
 * decoder that takes one map.
 * @param taps blocks to use instead
 * @throws {TerrachipError} INVALID_OPTION for blocks that the encoder lacks, or a number that the decoder does not take
 */
export function chooseTaps(
  depth: number,
  { decoder, neck }: Segmentation,
  taps: readonly number[] | undefined,
): readonly number[] {
  if (decoder === null || (neck === null && (decoder === 'fcn' || decoder === 'linear'))) {
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

function classesOf(checkpoint: Checkpoint, prefix: string, decoder: Decoder): number {
  // LinearDecoder gives the classes itself: a transposed convolution, whose output channels come second.
  const [name, axis] = decoder === 'linear' ? ['decoder.conv.weight', 1] : ['head.head.2.weight', 0];
  const head = checkpoint.tensors.get(prefix + name);
  if (head === undefined) {
    const problem = `has a decoder, but no ${prefix}${name}`;
    throw invalidInput(checkpoint.name, problem, 'give a model for segmentation');
  }
  const classes = head.shape[axis] ?? 0;
  if (classes < 2 || classes > MAX_CLASSES) {
    const problem = `has a head of ${classes} ${classes === 1 ? 'class' : 'classes'}`;
    throw invalidInput(checkpoint.name, problem, `give a segmentation into 2 to ${MAX_CLASSES} classes`);
  }
  return classes;
}

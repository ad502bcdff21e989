/** The normalisation of an ONNX graph's input. */
import type { ModelInput } from '../../inference/model-spec.js';
import type { GraphTensor, Notes, OnnxInputOptions } from './onnx-input.js';
import { type OnnxMetadata, ofInput } from './onnx-metadata.js';

/** Means and standard deviations with `scale` folded in, and what replaces missing values. */
export function statisticsOf(
  { name, info, bands, like }: GraphTensor,
  options: OnnxInputOptions,
  metadata: OnnxMetadata,
  { problems, assumed }: Notes,
): Pick<ModelInput, 'mean' | 'std'> & Partial<Pick<ModelInput, 'nodataReplacement'>> {
  const places = bands.map((band) => like?.bands.indexOf(band) ?? -1);
  const own = [options.mean, options.std, options.scale].some((value) => value !== undefined);
  if (like !== undefined && !own) {
    if (!places.includes(-1)) {
      const of = (values: readonly number[]): number[] => places.map((place) => values[place]);
      const { nodataReplacement: nodata } = like;
      const nodataReplacement = typeof nodata === 'number' ? nodata : of(nodata);
      return { mean: of(like.mean), std: of(like.std), nodataReplacement };
    }
    problems.push(`\`like\` has no statistics for ${bands[places.indexOf(-1)]}: give \`mean\` and \`std\``);
  }
  const valuesOf = (key: 'mean' | 'std', initial: number): number[] => {
    const given = ofInput(options[key], name, info.name);
    const stored = ofInput(metadata[key], name, info.name);
    const found = given ?? (stored?.length === bands.length ? stored : undefined);
    if (found === undefined) assumed.push(`the \`${key}\` of ${name} is ${initial}`);
    const [first = initial, ...rest] = found ?? [];
    const values = rest.length === 0 ? bands.map(() => first) : [first, ...rest];
    if (values.length !== bands.length) {
      problems.push(`\`${key}\` has ${values.length} values for the ${bands.length} bands of ${name}`);
    }
    if (key === 'std' && values.some((value) => !(value > 0))) {
      problems.push(`\`std\` of ${name} must be positive`);
    }
    return values;
  };
  const scale = options.scale ?? metadata.scale ?? 1;
  const [mean, std] = [valuesOf('mean', 0), valuesOf('std', 1)].map((values) =>
    values.map((value) => scaled(value, scale)),
  );
  return { mean, std };
}

/** A quotient with the digits of a decimal number: 1 / 0.0001 is 10000. */
function scaled(value: number, scale: number): number {
  return scale === 1 ? value : Number((value / scale).toPrecision(15));
}

/** A Prithvi-EO checkpoint as a model. */
import { invalidInput, invalidOption } from '../../errors.js';
import type { Checkpoint, ModelInput, ModelSpec } from '../../inference/node/index.js';
import {
  countPrithviParameters,
  detectPrithvi,
  findPrithviLeftovers,
  HLS_BANDS,
  HLS_PIXEL_SIZE,
  PRITHVI_INPUT,
  PRITHVI_STATISTICS,
  PRITHVI_STATISTICS_NAMES,
  type PrithviArchitecture,
  type PrithviStatisticsName,
  PUBLISHED_PRITHVI,
  type PublishedPrithvi,
  prithviGraph,
} from '../../inference/prithvi/index.js';
import { memberOf } from '../../json/keys.js';
import {
  type CheckpointFile,
  type CheckpointModel,
  type ChosenStatistics,
  checkNames,
  chipOf,
  classesOf,
  readStatistics,
  refuseClasses,
  requireCount,
} from './checkpoint-model.js';
import type { ImportOptions } from './import.js';
import type { PerInput } from './onnx-metadata.js';

/** The only published width of both versions 1 and 2; only version 2 can have coordinates. */
const AMBIGUOUS_WIDTH = 768;
const UNITS = 'dn_harmonised';

/** @throws {TerrachipError} INVALID_INPUT for another model, or a part of one; INVALID_OPTION for options that do not fit */
export function readPrithvi(
  checkpoint: Checkpoint,
  options: ImportOptions,
): CheckpointModel<PrithviArchitecture> {
  const architecture = detectPrithvi(checkpoint, options);
  const { encoder, timestamps, taps, decoder, side, family } = architecture;
  const chip = options.chip ?? side * encoder.patch;
  const whole = prithviGraph(checkpoint, architecture, { height: chip, width: chip });
  const input = inputOf(encoder.channels, options.bands);
  const assumed: string[] = [];
  if (options.bands === undefined) {
    assumed.push(`the bands are those of the pre-training, ${HLS_BANDS.join(', ')} (\`bands\`)`);
  }
  if (encoder.coordinates) {
    assumed.push(
      'coordinates in time and space are not given to the model, which was trained to work without them',
    );
  }
  return {
    architecture,
    whole,
    parts: new Map(),
    leftovers: findPrithviLeftovers(checkpoint, architecture, whole.used),
    parameters: countPrithviParameters(checkpoint, whole.used),
    assumed,
    facts: { family, ...encoder, timestamps, taps: [...taps], decoder },
    describe: async (file, name) => {
      const statistics = await chooseStatistics(architecture, file, input, options.statistics);
      return {
        card: makeCard(architecture, statistics, input, { ...options, name, chip }, file),
        statistics,
      };
    },
  };
}

/** The input as the scene names it. */
interface NamedBands {
  readonly name: string;
  readonly bands: readonly string[];
}

function inputOf(channels: number, bands: PerInput<readonly string[]> | undefined): NamedBands {
  if (bands === undefined) {
    if (channels === HLS_BANDS.length) return { name: 'HLS', bands: HLS_BANDS };
    const problem = `is missing: the checkpoint takes ${channels} bands, not the ${HLS_BANDS.length} of the pre-training`;
    throw invalidOption('bands', problem, 'name them in the order of the training');
  }
  const [[name, own], more] = Array.isArray(bands) ? [['HLS', bands] as const] : Object.entries(bands);
  if (more !== undefined) throw invalidOption('bands', 'names several inputs', 'give the bands of one');
  checkNames('bands', [name]);
  return { name, bands: requireCount('bands', own, channels) };
}

/** Statistics are known for pre-training and published models only; other fine-tuned models have those of their data. */
async function chooseStatistics(
  { decoder, encoder }: PrithviArchitecture,
  file: CheckpointFile,
  input: NamedBands,
  choice: string | undefined,
): Promise<ChosenStatistics> {
  const known = (name: PrithviStatisticsName, why: string): ChosenStatistics => {
    const { source, mean, std } = PRITHVI_STATISTICS[name];
    const places = placesOf(input, name);
    const own = { mean: places.map((k) => mean[k]), std: places.map((k) => std[k]) };
    return { name, why, source, modalities: { [input.name]: own } };
  };
  if (choice !== undefined) {
    const name = PRITHVI_STATISTICS_NAMES.find((candidate) => candidate === choice);
    return name === undefined ? readStatistics(choice) : known(name, 'asked for');
  }
  const published = publishedAs(file);
  if (published !== undefined) return known(published.statistics, `this is ${published.title}`);
  const remedy = `give one of ${PRITHVI_STATISTICS_NAMES.join(', ')}, or a JSON file with mean and std of ${input.name}`;
  if (decoder !== null) {
    const problem =
      'is missing: the checkpoint does not hold the statistics of the data that it was fine-tuned on';
    throw invalidOption('statistics', problem, remedy);
  }
  if (encoder.width === AMBIGUOUS_WIDTH && !encoder.coordinates) {
    const problem = 'is missing: versions 1 and 2 have encoders of this size, and other statistics';
    throw invalidOption('statistics', problem, remedy);
  }
  return known('prithvi-v2', 'those of the pre-training');
}

function publishedAs({ sha256 }: CheckpointFile): PublishedPrithvi | undefined {
  return memberOf(PUBLISHED_PRITHVI, sha256);
}

/** For each band, its place in `HLS_BANDS`: by name, or in their order where other names are used. */
function placesOf({ bands }: NamedBands, statistics: string): number[] {
  const known: readonly string[] = HLS_BANDS;
  if (bands.every((band) => known.includes(band))) return bands.map((band) => known.indexOf(band));
  if (bands.length === known.length) return known.map((_, k) => k);
  throw invalidOption(
    'statistics',
    `cannot be ${statistics} for the bands ${bands.join(', ')}`,
    `name them as ${known.join(', ')}, or give a JSON file with mean and std of each`,
  );
}

type CardOptions = ImportOptions & { readonly name: string; readonly chip: number };

function makeCard(
  architecture: PrithviArchitecture,
  statistics: ChosenStatistics,
  input: NamedBands,
  options: CardOptions,
  file: CheckpointFile,
): ModelSpec {
  const { name, chip, stride, phases, classes } = options;
  const { decoder, timestamps, encoder } = architecture;
  const published = publishedAs(file);
  checkNames('name', [name]);
  // Fine-tuning may use images of any pixel size.
  const pixelSize = options.pixelSize ?? (decoder === null ? HLS_PIXEL_SIZE : published?.pixelSize);
  const common = {
    schemaVersion: 1 as const,
    name,
    version: '1.0.0',
    inputs: [describeInput(input, statistics, decoder === null)],
    phases: [...phasesOf(timestamps, phases)],
    validity: 'all' as const,
    chip: chipOf(chip, stride, decoder === null),
    ...(pixelSize === undefined ? {} : { pixelSize }),
    provenance: {},
    licence: 'that of the checkpoint; Prithvi-EO 2.0’s published weights are Apache-2.0',
  };
  if (decoder === null) {
    refuseClasses(classes);
    return {
      ...common,
      description: 'Embeddings of chips by the encoder of a Prithvi-EO model.',
      output: {
        name: 'embeddings',
        tokens: (chip / encoder.patch) ** 2,
        channels: encoder.width * timestamps,
      },
      limitations: 'Embeddings have no meaning of their own; what is built on them needs its own evaluation.',
    };
  }
  return {
    ...common,
    description: `Segmentation into ${architecture.classes} classes by a Prithvi-EO model.`,
    output: { name: 'logits', classes: classesOf(architecture.classes, classes ?? published?.classes) },
    limitations: `Not for decisions without an evaluation of its own.${
      published === undefined ? '' : ` Trained on ${published.data}.`
    }`,
  };
}

function describeInput(
  { name, bands }: NamedBands,
  statistics: ChosenStatistics,
  isEncoder: boolean,
): ModelInput {
  const own = memberOf(statistics.modalities, name);
  if (own === undefined || own.mean.length !== bands.length || own.std.length !== bands.length) {
    throw invalidInput(
      statistics.source,
      own === undefined
        ? `has nothing for ${name}`
        : `gives ${own.mean.length} means and ${own.std.length} standard deviations for the ${bands.length} bands of ${name}`,
      `give one of each per band, in the order ${bands.join(', ')}`,
    );
  }
  return {
    name,
    tensor: PRITHVI_INPUT,
    bands: [...bands],
    units: UNITS,
    kind: 'temporal',
    mean: [...own.mean],
    std: [...own.std],
    // The pre-training's inference puts 0.0001 after normalisation, so nearly the mean; fine-tuning 0 before it.
    nodataReplacement: isEncoder ? [...own.mean] : 0,
  };
}

function phasesOf(timestamps: number, names: readonly string[] | undefined): readonly string[] {
  if (names !== undefined) return requireCount('phases', names, timestamps);
  return timestamps === 1 ? ['scene'] : Array.from({ length: timestamps }, (_, k) => `phase_${k + 1}`);
}

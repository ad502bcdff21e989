/** Makes `model.json` for a TerraMind checkpoint. */
import { invalidInput, invalidOption } from '../../errors.js';
import type { ModelInput, ModelSpec } from '../../inference/node/index.js';
import {
  type Architecture,
  isStatic,
  MODALITIES,
  type Modality,
  PATCH,
  STATISTICS,
  STATISTICS_NAMES,
  type StatisticsName,
} from '../../inference/terramind/index.js';
import { memberOf } from '../../json/keys.js';
import {
  type CheckpointFile,
  type ChosenStatistics,
  checkNames,
  chipOf,
  classesOf,
  readStatistics,
  refuseClasses,
  requireCount,
} from './checkpoint-model.js';

/** The phases of ImpactMesh, in order. */
const FLOOD_PHASES = ['pre_month', 'pre_event', 'event', 'post_event'];

/** TerraMind_v1_base_ImpactMesh_flood.pt, as published in TerraMind-base-Flood at revision 1e4b2429. */
const FLOOD_SHA256 = '22627584c2db618c2f6ddb64b411a95762a893becb25104e3f66bfebecaa71e9';

/** Why a checkpoint is known to be a flood model of ImpactMesh; null for others. */
function floodReason({ decoder, timestamps, classes }: Architecture, file: CheckpointFile): string | null {
  if (file.sha256 === FLOOD_SHA256) return 'this is TerraMind-base-Flood';
  const fits = decoder !== null && timestamps === FLOOD_PHASES.length && classes === 2;
  return fits && /flood/i.test(file.name)
    ? 'a segmentation of four phases into two classes, called flood, as the models of ImpactMesh'
    : null;
}

/**
 * Chooses the statistics for normalisation.
 * @param choice a name of `STATISTICS_NAMES`, or a JSON file `{"S1RTC": {"mean": […], "std": […]}, …}`. Default:
 * ImpactMesh-Flood for a flood model of ImpactMesh, else TerraMind v1
 * @throws {TerrachipError} INVALID_OPTION for a checkpoint whose statistics are unknown
 */
export async function chooseStatistics(
  architecture: Architecture,
  file: CheckpointFile,
  choice: string | undefined,
): Promise<ChosenStatistics> {
  const known = (name: StatisticsName, why: string): ChosenStatistics => {
    const { source, modalities } = STATISTICS[name];
    return { name, why, source, modalities };
  };
  if (choice !== undefined) {
    const name = STATISTICS_NAMES.find((candidate) => candidate === choice);
    if (name !== undefined) return known(name, 'asked for');
    return readStatistics(choice);
  }
  const flood = floodReason(architecture, file);
  if (flood !== null) return known('impactmesh-flood', flood);
  const isSeries = architecture.decoder !== null && architecture.timestamps === FLOOD_PHASES.length;
  if (isSeries && /fire/i.test(file.name)) {
    throw invalidOption(
      'statistics',
      `is missing: ${file.name} looks like a model of fires, whose statistics terrachip does not have`,
      'give a JSON file with mean and std for each modality',
    );
  }
  return known('terramind-v1', 'those of the pre-training, since the checkpoint does not say others');
}

export interface CardOptions {
  name: string;
  /** The checkpoint, to recognise published models. */
  file: CheckpointFile;
  chip: number;
  stride?: number;
  phases?: readonly string[];
  classes?: readonly string[];
}

/** The document `model.json`, without its provenance. */
export function makeCard(
  architecture: Architecture,
  statistics: ChosenStatistics,
  options: CardOptions,
): ModelSpec {
  const { name, chip, file } = options;
  const { decoder, timestamps, encoder, merge, pooling, classes } = architecture;
  checkNames('name', [name]);
  const isFlood = floodReason(architecture, file) !== null;
  const common = {
    schemaVersion: 1 as const,
    name,
    version: '1.0.0',
    inputs: architecture.modalities.map((modality) => inputOf(modality, statistics)),
    phases: [...phasesOf(timestamps, options.phases, isFlood)],
    validity: 'all' as const,
    chip: chipOf(chip, options.stride, decoder === null),
    provenance: {},
    licence: 'that of the checkpoint; TerraMind’s published weights are Apache-2.0',
  };
  if (decoder === null) {
    refuseClasses(options.classes);
    const merged = encoder.width * (merge === 'concat' ? encoder.modalities.length : 1);
    return {
      ...common,
      description: 'Embeddings of chips by the encoder of a TerraMind model.',
      output: {
        name: 'embeddings',
        tokens: (chip / PATCH) ** 2,
        channels: merged * (pooling === 'concat' ? timestamps : 1),
      },
      limitations: 'Embeddings have no meaning of their own; what is built on them needs its own evaluation.',
    };
  }
  const known = isFlood ? ['land', 'water'] : undefined;
  return {
    ...common,
    description: `Segmentation into ${classes} classes by a TerraMind model.`,
    output: { name: 'logits', classes: classesOf(classes, options.classes ?? known) },
    limitations:
      file.sha256 === FLOOD_SHA256
        ? 'Not for decisions. On ImpactMesh-Flood’s test set this published base model reaches a water IoU of 0.383.'
        : 'Not for decisions without an evaluation of its own.',
  };
}

function inputOf(modality: Modality, statistics: ChosenStatistics): ModelInput {
  const { name, channels } = modality;
  const facts = memberOf(MODALITIES, name);
  if (facts === undefined || facts.bands.length !== channels) {
    const problem = `names ${name} with ${channels} channels, whose bands and units terrachip does not know`;
    throw invalidOption('modalities', problem, `choose from ${Object.keys(MODALITIES).join(', ')}`);
  }
  const own = memberOf(statistics.modalities, name);
  if (own === undefined) {
    const available = Object.keys(statistics.modalities).join(', ');
    throw invalidOption(
      'statistics',
      `has nothing for ${name}: ${statistics.name === 'custom' ? statistics.source : statistics.name} is for ${available}`,
      'choose other statistics, or give a JSON file with mean and std for each modality',
    );
  }
  if (own.mean.length !== channels || own.std.length !== channels) {
    throw invalidInput(
      statistics.source,
      `gives ${own.mean.length} means and ${own.std.length} standard deviations for the ${channels} bands of ${name}`,
      `give one of each per band, in the order ${facts.bands.join(', ')}`,
    );
  }
  return {
    name,
    bands: [...facts.bands],
    units: facts.units,
    kind: isStatic(modality) ? 'static' : 'temporal',
    mean: [...own.mean],
    std: [...own.std],
    // As in ImpactMesh's datasets: 0 before normalisation.
    nodataReplacement: 0,
  };
}

/** @param flood whether the model is known to be a flood model of ImpactMesh, whose phases have names */
function phasesOf(
  timestamps: number,
  names: readonly string[] | undefined,
  flood: boolean,
): readonly string[] {
  if (names !== undefined) return requireCount('phases', names, timestamps);
  if (flood) return FLOOD_PHASES;
  if (timestamps === 1) return ['event'];
  return Array.from({ length: timestamps }, (_, k) => `phase_${k + 1}`);
}

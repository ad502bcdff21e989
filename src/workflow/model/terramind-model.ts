/** A TerraMind checkpoint as a model. */
import { invalidOption } from '../../errors.js';
import type { Checkpoint } from '../../inference/node/index.js';
import {
  type Architecture,
  type ArchitectureOptions,
  countParameters,
  decoderGraph,
  detectArchitecture,
  encoderGraph,
  findLeftovers,
  wholeGraph,
} from '../../inference/terramind/index.js';
import type { CheckpointGraph } from '../../inference/vit/index.js';
import { chooseStatistics, makeCard } from './card.js';
import type { CheckpointModel } from './checkpoint-model.js';
import type { ImportOptions } from './import.js';

const DEFAULT_CHIP = { segmentation: 256, encoder: 224 };

/** @throws {TerrachipError} INVALID_INPUT for another model, or a part of one; INVALID_OPTION for options that do not fit */
export function readTerramind(checkpoint: Checkpoint, options: ImportOptions): CheckpointModel<Architecture> {
  const architecture = detectArchitecture(checkpoint, withDefaultModalities(options, checkpoint.tensors));
  const { encoder, modalities, timestamps, pooling, merge, taps, decoder } = architecture;
  const chip = options.chip ?? DEFAULT_CHIP[decoder === null ? 'encoder' : 'segmentation'];
  const size = { height: chip, width: chip };
  const whole = wholeGraph(checkpoint, architecture, size);
  const parts = new Map<string, CheckpointGraph>();
  if (options.split === true) {
    parts.set('encoder', encoderGraph(checkpoint, architecture, size));
    parts.set('decoder', decoderGraph(checkpoint, architecture, size));
  }
  if (merge === 'dict') {
    throw invalidOption('merge', 'cannot be dict in a model folder', 'choose mean, max or concat');
  }
  return {
    architecture,
    whole,
    parts,
    leftovers: findLeftovers(checkpoint, architecture, whole.used),
    parameters: countParameters(checkpoint, whole.used),
    assumed: [],
    facts: {
      ...encoder,
      modalities: modalities.map(({ name }) => name),
      merge,
      timestamps,
      pooling,
      taps: [...taps],
      decoder,
    },
    describe: async (file, name) => {
      const statistics = await chooseStatistics(architecture, file, options.statistics);
      const { stride, phases, classes } = options;
      const card = makeCard(architecture, statistics, { name, file, chip, stride, phases, classes });
      return { card, statistics };
    },
  };
}

/** For encoders, which are published with many modalities, the default is those of the flood models. */
function withDefaultModalities(
  options: ArchitectureOptions,
  tensors: ReadonlyMap<string, unknown>,
): ArchitectureOptions {
  const DEFAULT = { S2L2A: 'untok_sen2l2a@224', S1RTC: 'untok_sen1rtc@224', DEM: 'untok_dem@224' };
  const bare = tensors.has('encoder_norm.weight');
  const available = Object.entries(DEFAULT).flatMap(([name, key]) =>
    tensors.has(`encoder_embeddings.${key}.proj.weight`) ? [name] : [],
  );
  return options.modalities === undefined && bare && available.length > 0
    ? { ...options, modalities: available }
    : options;
}

import { Command } from 'commander';
import { HOST_PROVIDER_CHOICES } from '../../inference/node/provider-choice.js';
import { EMBEDDING_POOLS } from '../../workflow/embed/pool.js';
import type { EmbedScenesOptions } from '../../workflow/index.js';
import { collect, parseBackend, parseChoice, parseCount } from '../arguments.js';
import type { Run } from '../main.js';

type Options = Omit<EmbedScenesOptions, 'scenes' | 'signal' | 'onProgress' | 'batchSize' | 'cacheBytes'> & {
  batch?: number;
  cacheMb?: number;
};

export function embedCommand(run: Run): Command {
  const command = new Command('embed')
    .description('what the chips of scenes are like, by an encoder: embeddings in a Zarr store')
    .argument('<scenes...>', 'scene files: rasters by input, phase and band')
    .requiredOption('--model <folder>', 'an encoder, or a model imported with --split')
    .requiredOption('-o, --output <store>', 'the Zarr group to write')
    .option(
      '--pool <how>',
      `over the tokens of a chip: ${EMBEDDING_POOLS.join(', ')} (default mean)`,
      parseChoice('--pool', EMBEDDING_POOLS),
    )
    .option('--backend <name>', 'auto, webgpu or cpu', parseBackend, 'auto' as const)
    .option(
      '--provider <name>',
      HOST_PROVIDER_CHOICES.join(', '),
      parseChoice('--provider', HOST_PROVIDER_CHOICES),
      'auto' as const,
    )
    .option('--threads <n>', 'worker threads', parseCount('--threads', 0))
    .option('--phases <names...>', "phases of the scenes, in the order of the model's", collect(String))
    .option('--batch <n>', 'chips a batch (default 4)', parseCount('--batch'))
    .option('--unit-chips <n>', 'chips a file of the store: a multiple of 16', parseCount('--unit-chips'))
    .option('--resume', 'keep the units that an earlier run finished')
    .option('--cache-mb <n>', 'decoded source blocks to keep (default 256)', parseCount('--cache-mb'))
    .option('--max-pixels <n>', 'refuse larger grids (default 500000000)', parseCount('--max-pixels'));
  return command.action((scenes: string[], options: Options) =>
    run(command, async ({ output, signal }) => {
      const { embedScenes } = await import('../../workflow/embed/index.js');
      const { batch, cacheMb, ...rest } = options;
      const report = await embedScenes({
        ...rest,
        scenes,
        ...(batch === undefined ? {} : { batchSize: batch }),
        ...(cacheMb === undefined ? {} : { cacheBytes: cacheMb * 2 ** 20 }),
        signal,
        onProgress: output.onProgress,
      });
      const { shape, pool, provider, chipsRun, chipsSkipped } = report;
      const tokens = pool === 'none' ? 'every token' : `the ${pool} of the tokens`;
      output.result(
        report,
        `${report.output}: (${shape.join(', ')}), ${tokens} of ${chipsRun} chips on ${provider}; ${chipsSkipped} without data`,
      );
    }),
  );
}

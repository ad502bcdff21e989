import { Command } from 'commander';
import { invalidOption } from '../../errors.js';
import { PROVIDER_CHOICES } from '../../inference/node/provider-choice.js';
import { EMBEDDING_POOLS } from '../../workflow/embed/pool.js';
import type { EmbedRunOptions } from '../../workflow/embed/run.js';
import { collect, parseBackend, parseChoice, parseCount } from '../arguments.js';
import {
  addCatalogOptions,
  type CatalogOptions,
  catalogsOf,
  isCatalogSource,
  parseCatalogOptions,
  refuseCatalogOptions,
} from '../embed-catalog-options.js';
import type { Run } from '../main.js';

interface Options extends Omit<EmbedRunOptions, 'signal' | 'onProgress' | 'batchSize'>, CatalogOptions {
  batch?: number;
  cacheMb?: number;
  maxPixels?: number;
  phases?: string[];
}

const EXAMPLES = `
Of scenes:
  terrachip embed scene.json other.json --model encoder -o embeddings.zarr
Of a catalog whose rows have the bands of all inputs, or of a catalog for each input:
  terrachip embed scenes.parquet --model encoder -o embeddings.zarr --crs EPSG:32632 --res 10
  terrachip embed S2L2A=s2.parquet S1RTC=s1.parquet DEM=dem.parquet --model encoder -o embeddings.zarr \\
    --crs EPSG:32632 --res 10 --datetime 2021-07 --where "eo:cloud_cover < 20" --mask S2L2A=SCL:3,8,9,10 --pad 3`;

export function embedCommand(run: Run): Command {
  const command = new Command('embed')
    .description('what the chips of scenes or catalogs are like, by an encoder: embeddings in a Zarr store')
    .argument(
      '<sources...>',
      'scene files; or a catalog (.parquet, .geojson) for all inputs; or INPUT=CATALOG for each',
    )
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
      PROVIDER_CHOICES.join(', '),
      parseChoice('--provider', PROVIDER_CHOICES),
      'auto' as const,
    )
    .option('--threads <n>', 'worker threads', parseCount('--threads', 0))
    .option(
      '--phases <which...>',
      "what the model's phases are, in its order: phases of the scenes, or times of the catalogs",
      collect(String),
    )
    .option('--batch <n>', 'chips a batch (default 4)', parseCount('--batch'))
    .option('--unit-chips <n>', 'chips a file of the store: a multiple of 16', parseCount('--unit-chips'))
    .option('--resume', 'keep the units that an earlier run finished')
    .option('--cache-mb <n>', 'decoded source blocks to keep (default 256)', parseCount('--cache-mb'))
    .option(
      '--max-pixels <n>',
      'of scenes: refuse larger grids (default 500000000)',
      parseCount('--max-pixels'),
    );
  addCatalogOptions(command).addHelpText('after', EXAMPLES);
  return command.action((sources: string[], options: Options) =>
    run(command, async ({ output, signal }) => {
      const { embedCatalogs, embedScenes } = await import('../../workflow/embed/index.js');
      const {
        batch,
        cacheMb,
        maxPixels,
        model,
        backend,
        provider,
        threads,
        phases,
        pool,
        unitChips,
        resume,
      } = options;
      const common = {
        model,
        output: options.output,
        signal,
        onProgress: output.onProgress,
        ...(backend === undefined ? {} : { backend }),
        ...(provider === undefined ? {} : { provider }),
        ...(threads === undefined ? {} : { threads }),
        ...(phases === undefined ? {} : { phases }),
        ...(pool === undefined ? {} : { pool }),
        ...(unitChips === undefined ? {} : { unitChips }),
        ...(resume === undefined ? {} : { resume }),
        ...(batch === undefined ? {} : { batchSize: batch }),
        ...(cacheMb === undefined ? {} : { cacheBytes: cacheMb * 2 ** 20 }),
      };
      const catalogs = sources.filter(isCatalogSource);
      if (catalogs.length > 0 && catalogs.length < sources.length) {
        throw invalidOption('sources', 'are scenes and catalogs', 'embed the one, then the other');
      }
      if (catalogs.length === 0) refuseCatalogOptions(options);
      if (catalogs.length > 0 && maxPixels !== undefined)
        throw invalidOption('--max-pixels', 'has no meaning for catalogs', 'leave it out');
      const report =
        catalogs.length > 0
          ? await embedCatalogs({
              ...common,
              ...parseCatalogOptions(options),
              catalogs: catalogsOf(catalogs),
            })
          : await embedScenes({
              ...common,
              scenes: sources,
              ...(maxPixels === undefined ? {} : { maxPixels }),
            });
      const { shape, provider: ran, chipsRun, chipsSkipped } = report;
      const tokens = report.pool === 'none' ? 'every token' : `the ${report.pool} of the tokens`;
      output.result(
        report,
        `${report.output}: (${shape.join(', ')}), ${tokens} of ${chipsRun} chips on ${ran}; ${chipsSkipped} without data`,
      );
    }),
  );
}

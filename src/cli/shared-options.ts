/** Options that several commands have, and the summary of a written COG. */
import type { QualityMask } from '../catalog/node/index.js';
import { PREDICATES } from '../catalog/place-query.js';
import { invalidOption } from '../errors.js';
import { type Bounds, DTYPES } from '../geo/index.js';
import { BACKEND_CHOICES } from '../gpu/node/index.js';
import { COG_COMPRESSIONS } from '../raster/cog/options.js';
import { OVERVIEW_METHODS } from '../raster/cog/overview.js';
import { CHIP_METHODS, CHIP_TIMES } from '../workflow/choices.js';
import type { CogReport, RowGrid, TargetGrid } from '../workflow/index.js';
import {
  type Parse,
  parseBand,
  parseChoice,
  parseCount,
  parseNodata,
  parseNumber,
  parseSize,
} from './arguments.js';
import { box, flag, option, type Parameter, pair, required, withDefault } from './command.js';

/** @param name the placeholder in help, such as `<folder>` */
export function outputOption(name: string, help: string): Parameter<string, true> {
  return required(option(`-o, --output ${name}`, help));
}

export const BACKEND = withDefault(
  'auto',
  option('--backend <name>', 'compute backend: auto, webgpu or cpu', parseChoice(BACKEND_CHOICES)),
);

export const THREADS = option('--threads <n>', 'worker threads', parseCount(0));

export function maxPixels(help = 'refuse larger grids'): Parameter<number, false> {
  return option('--max-pixels <n>', `${help} (default 500000000)`, parseCount());
}

export const CACHE = option(
  '--cache-mb <n>',
  'cache of decoded source blocks in MiB (default: large enough that no block is decoded twice)',
  (text, name) => parseCount()(text, name) * 2 ** 20,
);

export const MEMORY = option(
  '--memory <size>',
  'memory limit: 8GB, 7.5GiB, 800MiB; larger jobs are refused (default: free memory, or that of the Slurm job)',
  parseSize,
);

/**
 * The memory limit of a process: the given one, else its share of the memory of the Slurm job, else undefined for free
 * memory.
 * @param env the environment; Slurm writes MiB, and 0 for all of the node
 */
export function memoryOf(given: number | undefined, env: NodeJS.ProcessEnv): number | undefined {
  const ofTask = Number(env.SLURM_MEM_PER_NODE ?? 0) / tasksOfNode(env);
  const ofCores = Number(env.SLURM_MEM_PER_CPU ?? 0) * Number(env.SLURM_CPUS_PER_TASK ?? 1);
  const mebi = ofTask > 0 ? ofTask : ofCores;
  return given ?? (mebi > 0 ? Math.floor(mebi * 2 ** 20) : undefined);
}

/** Largest number of tasks on a node of a Slurm step: `4(x2),3` is two nodes with four and one with three. 1 in a batch script. */
function tasksOfNode({ SLURM_STEP_ID = '', SLURM_STEP_TASKS_PER_NODE = '' }: NodeJS.ProcessEnv): number {
  if (SLURM_STEP_ID === '') return 1;
  const counts = SLURM_STEP_TASKS_PER_NODE.split(',').map((part) => Number.parseInt(part, 10));
  return Math.max(1, ...counts.filter((count) => count > 0));
}

export const BATCH_SIZE = option('--batch <n>', 'chips per batch (default 4)', parseCount());

export const RESUME = flag('--resume', 'continue an earlier run: keep its finished units');

export const OVERWRITE = flag('--overwrite', 'recompute the finished units of an earlier run');

export const ENCODING = option(
  '--encoding <name>',
  'encoding of shapefile attributes: UTF-8, CP850, GBK (default: as the file says)',
);

export const STORED = flag('--stored', 'use values as stored, without scale and offset');

export const DTYPE = parseChoice(DTYPES);

/**
 * Options of commands that compute a raster into a COG.
 * @param defaults the defaults of some options, in words
 */
export function cogOptions(defaults: { dtype: string; nodata: string; overviews: string }) {
  return {
    dtype: option('--dtype <type>', `data type of the result (default: ${defaults.dtype})`, DTYPE),
    nodata: option(
      '--nodata <value>',
      `nodata value of the result, or none to write a mask (default: ${defaults.nodata})`,
      parseNodata,
    ),
    backend: BACKEND,
    threads: option('--threads <n>', 'threads of the CPU backend and of a model on the CPU', parseCount(0)),
    compression: withDefault(
      'deflate',
      option('--compress <name>', 'compression: deflate, zstd or none', parseChoice(COG_COMPRESSIONS)),
    ),
    overviews: option(
      '--overviews <name>',
      `resampling of overviews: average, mode, nearest or none (default: ${defaults.overviews})`,
      parseChoice(OVERVIEW_METHODS),
    ),
    maxPixels: maxPixels('refuse larger results'),
  };
}

/** A summary of a written COG, in two lines. */
export function describeCog(report: CogReport): string {
  const { destination, width, height, crs, dtype, validPixels, backend } = report;
  const valid = validPixels.map((n) => `${((100 * n) / (width * height)).toFixed(1)} %`);
  return (
    `${destination}: ${width} × ${height} in ${crs}, ${dtype}, valid ${valid.join(', ')}\n` +
    `${backend.kind} on ${backend.adapter}${backend.threads > 0 ? `, ${backend.threads} threads` : ''}`
  );
}

/** The grid of a result. */
export const GRID_OPTIONS = {
  crs: option('--crs <crs>', 'CRS of the result: EPSG:32632, WKT or a PROJ string'),
  bounds: box('--bounds <number...>', 'extent of the result in its CRS: x0 y0 x1 y1'),
  size: pair('--size <pixels...>', 'width and height in pixels', parseCount()),
  resolution: option(
    '--res <units>',
    'pixel size in units of the CRS; bounds are snapped outward to multiples of it',
    parseNumber,
  ),
  like: option('--like <raster>', 'raster whose grid the result has'),
};

interface GridValues {
  readonly crs?: string;
  readonly bounds?: Bounds;
  readonly size?: readonly [number, number];
  readonly resolution?: number;
  readonly like?: string;
}

/** @param hasSource whether there is a source raster, from which missing options are derived */
export function gridOf({ like, crs, bounds, size, resolution }: GridValues, hasSource: boolean): TargetGrid {
  if (like !== undefined) {
    if (crs ?? bounds ?? size ?? resolution) {
      throw invalidOption(
        '--like',
        'already defines the grid',
        'leave out --crs, --bounds, --size and --res',
      );
    }
    return { like };
  }
  if (!hasSource && (crs === undefined || bounds === undefined)) {
    throw invalidOption('--crs and --bounds', 'are needed', 'give both, or --like a raster');
  }
  if (size !== undefined && resolution !== undefined) {
    throw invalidOption('--size and --res', 'both define the pixel size', 'give one of them');
  }
  if (!hasSource && size === undefined && resolution === undefined) {
    throw invalidOption('--size or --res', 'is needed', 'give the width and height, or the pixel size');
  }
  return size === undefined ? { crs, bounds, resolution } : { crs, bounds, size };
}

export const ALLOW_LOCAL = flag(
  '--allow-local',
  'let files from a server refer to local files and to addresses in the local network',
);

export const BBOX = box('--bbox <number...>', 'bounding box: x0 y0 x1 y1');

export const BBOX_CRS_HELP = 'CRS of --bbox (default: longitude and latitude)';

/** Options that select rows of a catalog, besides `--bbox`. */
export const SELECTION_OPTIONS = {
  geometry: option('--geometry <file>', 'vector file of the query geometry'),
  datetime: option(
    '--datetime <interval>',
    'date or interval: 2021, 2021-07, 2021-07-15, 2021-07-01/2021-07-31 or 2021-07-01/..',
  ),
  predicate: option(
    '--predicate <name>',
    `spatial predicate: ${PREDICATES.join(', ')} (default ${PREDICATES[0]})`,
    parseChoice(PREDICATES),
  ),
  touch: flag('--touch', 'also select rows that only touch the query geometry'),
  where: option(
    '--where <condition>',
    'condition on fields and properties: "eo:cloud_cover < 20 and platform = \'sentinel-2a\'"',
  ),
  allowLocal: ALLOW_LOCAL,
};

/** Names of bands, or numbers of bands in a raster or in a row's main file: `red,nir` or `1`. */
export const parseBands: Parse<(string | number)[]> = (text, flag) =>
  text.split(',').map((band) => parseBand(band, flag));

/** Reads a mask as `BAND:CLASS,CLASS` or by name. @param form the form of the option, for errors @param names names of masks */
export function maskParser<const Name extends string = never>(
  form: string,
  ...names: readonly Name[]
): Parse<QualityMask | Name> {
  return (text, flag) => {
    const name = names.find((each) => each === text.toLowerCase());
    if (name !== undefined) return name;
    const match = /^(.+):(\d{1,3}(?:,\d{1,3})*)$/.exec(text);
    if (match === null)
      throw invalidOption(flag, `cannot be "${text}"`, `write ${[form, ...names].join(' or ')}`);
    return { band: match[1], classes: match[2].split(',').map(Number) };
  };
}

/** How images of a catalog are masked, grouped and combined. */
export const IMAGE_OPTIONS = {
  mask: option(
    '--mask <band:classes>',
    'pixels to mask, by a band of classes: SCL:3,8,9,10; scl is short for these clouds and shadows of Sentinel-2',
    maskParser('BAND:CLASS,CLASS', 'scl'),
  ),
  every: option(
    '--every <period>',
    `period whose images form one chip: ${CHIP_TIMES.join(', ')} (default day, in UTC)`,
    parseChoice(CHIP_TIMES),
  ),
  method: option(
    '--method <name>',
    `how overlapping images are combined: ${CHIP_METHODS.join(', ')} (default first)`,
    parseChoice(CHIP_METHODS),
  ),
};

/** The grid that rows of a catalog are read on. @throws {TerrachipError} INVALID_OPTION for an incomplete grid, or two grids */
export function rowGridOf(
  like: string | undefined,
  crs: string | undefined,
  resolution: number | undefined,
): RowGrid | undefined {
  if (like !== undefined) {
    if ((crs ?? resolution) === undefined) return { like };
    throw invalidOption('--like', 'already defines the grid', 'leave out --crs and --res');
  }
  if (crs !== undefined && resolution !== undefined) return { crs, resolution };
  if ((crs ?? resolution) === undefined) return undefined;
  throw invalidOption('--crs and --res', 'define the grid together', 'give both, or --like a raster');
}

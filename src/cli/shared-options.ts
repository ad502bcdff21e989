/** Options that several commands have, and what they say of a COG that was written. */
import type { QualityMask } from '../catalog/node/index.js';
import { PREDICATES } from '../catalog/place-query.js';
import { invalidOption } from '../errors.js';
import { type Bounds, DTYPES } from '../geo/index.js';
import { BACKEND_CHOICES } from '../gpu/node/index.js';
import { COG_COMPRESSIONS } from '../raster/cog/options.js';
import { OVERVIEW_METHODS } from '../raster/cog/overview.js';
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

/** @param name what is written, such as `<folder>` */
export function outputOption(name: string, help: string): Parameter<string, true> {
  return required(option(`-o, --output ${name}`, help));
}

export const BACKEND = withDefault(
  'auto',
  option('--backend <name>', 'auto, webgpu or cpu', parseChoice(BACKEND_CHOICES)),
);

export const THREADS = option('--threads <n>', 'worker threads', parseCount(0));

export function maxPixels(help = 'refuse larger grids'): Parameter<number, false> {
  return option('--max-pixels <n>', `${help} (default 500000000)`, parseCount());
}

export const CACHE = option(
  '--cache-mb <n>',
  'decoded source blocks to keep (default: as many as are needed so that none is decoded twice)',
  (text, name) => parseCount()(text, name) * 2 ** 20,
);

export const MEMORY = option(
  '--memory <size>',
  'refuse a job that needs more: 8GB, 7.5GiB, 800MiB (default: what is free, and in a job of Slurm what it has)',
  parseSize,
);

/**
 * The memory that a process may take: what is given, else its share of what Slurm gives the job; undefined to take what is
 * free.
 * @param env the environment; Slurm writes MiB, and 0 for all of the node
 */
export function memoryOf(given: number | undefined, env: NodeJS.ProcessEnv): number | undefined {
  const ofTask = Number(env.SLURM_MEM_PER_NODE ?? 0) / tasksOfNode(env);
  const ofCores = Number(env.SLURM_MEM_PER_CPU ?? 0) * Number(env.SLURM_CPUS_PER_TASK ?? 1);
  const mebi = ofTask > 0 ? ofTask : ofCores;
  return given ?? (mebi > 0 ? Math.floor(mebi * 2 ** 20) : undefined);
}

/** Tasks of a step of Slurm on one node, at most: `4(x2),3` are two nodes of four and one of three. A batch script is alone. */
function tasksOfNode({ SLURM_STEP_ID = '', SLURM_STEP_TASKS_PER_NODE = '' }: NodeJS.ProcessEnv): number {
  if (SLURM_STEP_ID === '') return 1;
  const counts = SLURM_STEP_TASKS_PER_NODE.split(',').map((part) => Number.parseInt(part, 10));
  return Math.max(1, ...counts.filter((count) => count > 0));
}

export const BATCH_SIZE = option('--batch <n>', 'chips a batch (default 4)', parseCount());

export const RESUME = flag('--resume', 'keep the units that an earlier run finished');

export const OVERWRITE = flag('--overwrite', 'compute the units that an earlier run finished again');

export const ENCODING = option(
  '--encoding <name>',
  'of the attributes of shapefiles, whatever they say: UTF-8, CP850, GBK',
);

export const DTYPE = parseChoice(DTYPES);

/**
 * Options of commands that compute a raster into a COG.
 * @param defaults what some options are where they are not given, in words
 */
export function cogOptions(defaults: { dtype: string; nodata: string; overviews: string }) {
  return {
    dtype: option('--dtype <type>', `type of the result (default: ${defaults.dtype})`, DTYPE),
    nodata: option(
      '--nodata <value>',
      `nodata of the result, or none: a mask says where gaps are (default: ${defaults.nodata})`,
      parseNodata,
    ),
    backend: BACKEND,
    threads: option('--threads <n>', 'worker threads of the CPU backend', parseCount(0)),
    compression: withDefault(
      'deflate',
      option('--compress <name>', 'deflate, zstd or none', parseChoice(COG_COMPRESSIONS)),
    ),
    overviews: option(
      '--overviews <name>',
      `average, mode, nearest or none (default: ${defaults.overviews})`,
      parseChoice(OVERVIEW_METHODS),
    ),
    maxPixels: maxPixels('refuse larger results'),
  };
}

/** What was written, in two lines. */
export function describeCog(report: CogReport): string {
  const { destination, width, height, crs, dtype, validPixels, backend } = report;
  const valid = validPixels.map((n) => `${((100 * n) / (width * height)).toFixed(1)} %`);
  return (
    `${destination}: ${width} × ${height} in ${crs}, ${dtype}, valid ${valid.join(', ')}\n` +
    `${backend.kind} on ${backend.adapter}${backend.threads > 0 ? `, ${backend.threads} threads` : ''}`
  );
}

/** Which grid a result is on. */
export const GRID_OPTIONS = {
  crs: option('--crs <crs>', 'CRS of the result: EPSG:32632, WKT or a PROJ string'),
  bounds: box('--bounds <number...>', 'x0 y0 x1 y1 in that CRS'),
  size: pair('--size <pixels...>', 'width and height', parseCount()),
  resolution: option(
    '--res <units>',
    'pixel size; bounds are then snapped outward to multiples of it',
    parseNumber,
  ),
  like: option('--like <raster>', 'take the grid of another raster'),
};

interface GridValues {
  readonly crs?: string;
  readonly bounds?: Bounds;
  readonly size?: readonly [number, number];
  readonly resolution?: number;
  readonly like?: string;
}

/** @param hasSource whether a raster is shown, for which what is left out is chosen */
export function gridOf({ like, crs, bounds, size, resolution }: GridValues, hasSource: boolean): TargetGrid {
  if (like !== undefined) {
    if (crs ?? bounds ?? size ?? resolution) {
      throw invalidOption('--like', 'already says the grid', 'leave out --crs, --bounds, --size and --res');
    }
    return { like };
  }
  if (!hasSource && (crs === undefined || bounds === undefined)) {
    throw invalidOption('--crs and --bounds', 'are needed', 'give both, or --like a raster');
  }
  if (size !== undefined && resolution !== undefined) {
    throw invalidOption('--size and --res', 'both say the size of pixels', 'give one of them');
  }
  if (!hasSource && size === undefined && resolution === undefined) {
    throw invalidOption('--size or --res', 'is needed', 'give the width and height, or the pixel size');
  }
  return size === undefined ? { crs, bounds, resolution } : { crs, bounds, size };
}

export const ALLOW_LOCAL = flag(
  '--allow-local',
  'from a catalog on a server, take files of this machine and addresses of its network too',
);

export const BBOX = box('--bbox <number...>', 'x0 y0 x1 y1');

export const BBOX_CRS_HELP = 'of --bbox (default: longitude and latitude)';

/** Which rows of a catalog are meant, besides those in `--bbox`. */
export const SELECTION_OPTIONS = {
  geometry: option('--geometry <file>', 'a vector file whose features are the place'),
  datetime: option(
    '--datetime <interval>',
    '2021, 2021-07, 2021-07-15, 2021-07-01/2021-07-31 or 2021-07-01/..',
  ),
  predicate: option(
    '--predicate <how>',
    `how a row lies to the place: ${PREDICATES.join(', ')} (default ${PREDICATES[0]})`,
    parseChoice(PREDICATES),
  ),
  touch: flag('--touch', 'also rows that have only their boundary in common with it'),
  where: option(
    '--where <condition>',
    'on fields and properties: "eo:cloud_cover < 20 and platform = \'sentinel-2a\'"',
  ),
  allowLocal: ALLOW_LOCAL,
};

/** Names of bands, or numbers of bands in a raster or in a row's main file: `red,nir` or `1`. */
export const parseBands: Parse<(string | number)[]> = (text, flag) =>
  text.split(',').map((band) => parseBand(band, flag));

/** Reads a mask as `BAND:CLASS,CLASS`. @param form how it is written, for errors */
export function maskParser(form: string): Parse<QualityMask> {
  return (text, flag) => {
    const match = /^(.+):(\d{1,3}(?:,\d{1,3})*)$/.exec(text);
    if (match === null) throw invalidOption(flag, `cannot be "${text}"`, `write ${form}`);
    return { band: match[1], classes: match[2].split(',').map(Number) };
  };
}

const parseBandMask = maskParser('BAND:CLASS,CLASS, or scl');

/** Reads a mask as `BAND:CLASS,CLASS`, or the word for clouds of Sentinel-2. */
export const parseMask: Parse<QualityMask | 'scl'> = (text, flag) =>
  text.toLowerCase() === 'scl' ? 'scl' : parseBandMask(text, flag);

/** The grid that rows of a catalog are read on. @throws {TerrachipError} INVALID_OPTION for a half of one, or two */
export function rowGridOf(
  like: string | undefined,
  crs: string | undefined,
  resolution: number | undefined,
): RowGrid | undefined {
  if (like !== undefined) {
    if ((crs ?? resolution) === undefined) return { like };
    throw invalidOption('--like', 'already says the grid', 'leave out --crs and --res');
  }
  if (crs !== undefined && resolution !== undefined) return { crs, resolution };
  if ((crs ?? resolution) === undefined) return undefined;
  throw invalidOption('--crs and --res', 'say the grid together', 'give both, or --like a raster');
}

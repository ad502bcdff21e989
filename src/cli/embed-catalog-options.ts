/** The options of `embed` that only catalogs have. */
import type { Command } from 'commander';
import type { QualityMask } from '../catalog/node/index.js';
import { invalidOption } from '../errors.js';
import { RESAMPLINGS } from '../kernels/index.js';
import { UNITS } from '../raster/units.js';
import { CHIP_METHODS } from '../workflow/chips/methods.js';
import { CHIP_TIMES, EDGE_POLICIES } from '../workflow/embed/choices.js';
import type { EmbedCatalogsOptions } from '../workflow/index.js';
import { collect, parseChoice, parseCount, parseNumber, parsePair } from './arguments.js';
import { flagOf } from './flags.js';
import { addSelectionOptions, parseSelection, type SelectionOptions } from './selection-options.js';

type Named<T> = [input: string, value: T];

export interface CatalogOptions
  extends SelectionOptions,
    Pick<EmbedCatalogsOptions, 'every' | 'method' | 'resampling' | 'stride' | 'policy'> {
  crs?: string;
  res?: number;
  bboxCrs?: string;
  pad?: number;
  bands?: Named<string>[];
  units?: Named<string>[];
  mask?: Named<string>[];
  maskDilate?: number;
}

const DAY = 86_400_000;

/** All of `CatalogOptions`. */
const NAMES: readonly (keyof CatalogOptions)[] = [
  'crs',
  'res',
  'bbox',
  'bboxCrs',
  'geometry',
  'datetime',
  'predicate',
  'touch',
  'where',
  'allowLocal',
  'every',
  'pad',
  'bands',
  'units',
  'mask',
  'maskDilate',
  'method',
  'resampling',
  'stride',
  'policy',
];

export function addCatalogOptions(command: Command): Command {
  command
    .optionsGroup('Options of catalogs:')
    .option('--crs <crs>', 'of the chips: EPSG:32632, WKT or a PROJ string')
    .option(
      '--res <units>',
      'pixel size in that CRS; chips lie on its whole multiples',
      parseNumber('--res'),
    );
  return addSelectionOptions(command, '--bbox-crs')
    .option(
      '--every <time>',
      `which images of a place are one chip: ${CHIP_TIMES.join(', ')} (default day, in UTC)`,
      parseChoice('--every', CHIP_TIMES),
    )
    .option(
      '--pad <days>',
      'days that images of other inputs may be from a chip (default 0)',
      parseNumber('--pad'),
    )
    .option(
      '--bands <input=bands...>',
      "bands of an input in the model's order: S2L2A=coastal,blue,…, DEM=1",
      collect(parsePair('--bands', 'BAND,BAND')),
    )
    .option(
      '--units <input=units...>',
      'of rows that declare none: S1RTC=dB',
      collect(parsePair('--units', 'UNITS')),
    )
    .option(
      '--mask <input=band:classes...>',
      'pixels to take away first: S2L2A=SCL:3,8,9,10',
      collect(parsePair('--mask', 'BAND:CLASS,CLASS')),
    )
    .option('--mask-dilate <pixels>', 'by which masks grow (default 0)', parseCount('--mask-dilate', 0))
    .option(
      '--method <how>',
      `what becomes of several images over a pixel: ${CHIP_METHODS.join(', ')} (default first, the nearest in time)`,
      parseChoice('--method', CHIP_METHODS),
    )
    .option(
      '--resampling <name>',
      `${RESAMPLINGS.join(', ')} (default bilinear)`,
      parseChoice('--resampling', RESAMPLINGS),
    )
    .option('--stride <pixels>', "from one chip to the next (default: the model's)", parseCount('--stride'))
    .option(
      '--policy <what>',
      `at the edges: ${EDGE_POLICIES.join(', ')} (default cover: the last chip is shifted inwards)`,
      parseChoice('--policy', EDGE_POLICIES),
    );
}

const CATALOG = /\.(geo)?parquet$|\.geojson$|\.nd(geo)?json$|\.(geo)?jsonl$/i;

/** Whether a source of `embed` is a catalog, by its ending; scenes are folders or end with `.json`. */
export function isCatalogSource(source: string): boolean {
  return CATALOG.test(source.replace(/[?#].*$/, ''));
}

/** One catalog, or one for each input. */
export function catalogsOf(sources: readonly string[]): string | Record<string, string> {
  const named = sources.map((source) => /^([\w.-]+)=(.+)$/.exec(source));
  const [first] = sources;
  if (sources.length === 1 && named[0] === null) return first;
  const plain = sources.find((_, k) => named[k] === null);
  if (plain !== undefined) {
    throw invalidOption(
      'sources',
      `name ${plain} among other catalogs, but not for which input it is`,
      'write INPUT=CATALOG for each, or unite them with terrachip catalog union',
    );
  }
  return fromPairs(
    'sources',
    named.map((match): Named<string> => [match?.[1] ?? '', match?.[2] ?? '']),
    (path) => path,
  );
}

/** @throws {TerrachipError} INVALID_OPTION for an option that scenes do not have */
export function refuseCatalogOptions(options: CatalogOptions): void {
  const given = NAMES.find((name) => options[name] !== undefined);
  if (given !== undefined)
    throw invalidOption(flagOf(given), 'has no meaning for scenes', 'leave it out, or give a catalog');
}

export function parseCatalogOptions(
  options: CatalogOptions,
): Omit<EmbedCatalogsOptions, 'catalogs' | 'model' | 'output'> {
  const {
    crs,
    res,
    bboxCrs,
    every,
    pad,
    bands,
    units,
    mask,
    maskDilate,
    method,
    resampling,
    stride,
    policy,
  } = options;
  if (crs === undefined || res === undefined)
    throw invalidOption('--crs and --res', 'are needed for catalogs', 'say the grid that chips lie on');
  if (options.bbox === undefined && bboxCrs !== undefined)
    throw invalidOption('--bbox-crs', 'is that of --bbox, which is missing', 'leave it out, or give --bbox');
  if (maskDilate !== undefined && mask === undefined)
    throw invalidOption(
      '--mask-dilate',
      'grows masks, of which there is none',
      'leave it out, or give --mask',
    );
  return {
    crs,
    resolution: res,
    select: parseSelection(options, bboxCrs),
    ...(every === undefined ? {} : { every }),
    ...(pad === undefined ? {} : { pad: pad * DAY }),
    ...(bands === undefined ? {} : { bands: fromPairs('--bands', bands, parseBands) }),
    ...(units === undefined ? {} : { units: fromPairs('--units', units, parseChoice('--units', UNITS)) }),
    ...(mask === undefined ? {} : { masks: fromPairs('--mask', mask, parseMask(maskDilate)) }),
    ...(method === undefined ? {} : { method }),
    ...(resampling === undefined ? {} : { resampling }),
    ...(stride === undefined ? {} : { stride }),
    ...(policy === undefined ? {} : { policy }),
  };
}

/** @throws {TerrachipError} INVALID_OPTION for a name that comes twice */
function fromPairs<T>(
  option: string,
  pairs: readonly Named<string>[],
  parse: (value: string) => T,
): Record<string, T> {
  const values = new Map<string, T>();
  for (const [name, value] of pairs) {
    if (values.has(name)) throw invalidOption(option, `names ${name} twice`, 'name each input once');
    values.set(name, parse(value));
  }
  return Object.fromEntries(values);
}

/** Names, or numbers of bands in the row's main file. */
function parseBands(text: string): (string | number)[] {
  return text.split(',').map((band) => (/^[1-9]\d*$/.test(band) ? Number(band) : band));
}

function parseMask(dilate: number | undefined): (text: string) => QualityMask {
  return (text) => {
    const match = /^(.+):(\d{1,3}(?:,\d{1,3})*)$/.exec(text);
    if (match === null) throw invalidOption('--mask', `cannot be "${text}"`, 'write INPUT=BAND:CLASS,CLASS');
    const classes = match[2].split(',').map(Number);
    return { band: match[1], classes, ...(dilate === undefined ? {} : { dilate }) };
  };
}

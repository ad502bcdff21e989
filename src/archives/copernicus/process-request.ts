/**
 * Requests to the Process API of Sentinel Hub, which returns a raster of a collection on a grid
 * (https://docs.sentinel-hub.com/api/latest/api/process/). Units, types and harmonisation are explicit in each.
 */
import { invalidInput, invalidOption, requireChoice, unsupported } from '../../errors.js';
import { bytesPerElement } from '../../geo/dtype.js';
import type { GeoBox } from '../../geo/index.js';
import { TimeInterval } from '../../geo/index.js';
import type { Units } from '../../raster/units.js';

/** Collections that can be requested. */
export const PROCESS_COLLECTIONS = ['sentinel-2-l2a', 'sentinel-1-grd', 'dem'] as const;
/** A collection of the Process API. */
export type ProcessCollection = (typeof PROCESS_COLLECTIONS)[number];

/** Types of values that can be requested. */
export const PROCESS_DTYPES = ['float32', 'uint16', 'uint8'] as const;
/** The type of requested values. */
export type ProcessDtype = (typeof PROCESS_DTYPES)[number];

/** Units of values that can be requested. */
export const PROCESS_UNITS = [
  'dn_harmonised',
  'dn_offset_1000',
  'reflectance',
  'class',
  'linear_power',
  'm',
] as const satisfies readonly Units[];
/** The units of requested values. */
export type ProcessUnits = (typeof PROCESS_UNITS)[number];

/** How a scene is resampled to the grid. */
export const PROCESS_RESAMPLINGS = ['nearest', 'bilinear', 'bicubic'] as const;

/** Which of several scenes is on top. */
export const MOSAICKING_ORDERS = ['mostRecent', 'leastRecent', 'leastCC'] as const;

/** Directions of an orbit. */
export const ORBIT_DIRECTIONS = ['ascending', 'descending'] as const;

/** The requested data of a collection. */
export interface ProcessOptions {
  collection: ProcessCollection;
  /** Default: all 12 spectral bands of Sentinel-2, `VV` and `VH` of Sentinel-1, `DEM`. */
  bands?: readonly string[];
  /**
   * Sentinel-2: `dn_harmonised` (default), `reflectance`, or `dn_offset_1000` for scenes since 2022-01-25; `class` for the
   * band `SCL`. Sentinel-1: `linear_power`. Elevation model: `m`.
   */
  units?: ProcessUnits;
  /** Default: `uint16` for digital numbers, `uint8` for classes, else `float32`. */
  dtype?: ProcessDtype;
  /** A closed interval, such as `2021-07-15` or `2021-07-01/2021-07-31`; required except for the elevation model. */
  datetime?: string;
  /** Which scene of the interval is on top (default `mostRecent`); `leastCC`, least clouds, only for Sentinel-2. */
  mosaicking?: (typeof MOSAICKING_ORDERS)[number];
  /** Largest cloud cover of a Sentinel-2 scene, in per cent of its tile. */
  maxCloudCover?: number;
  /** Only Sentinel-1 scenes of this orbit direction (default: both). */
  orbit?: (typeof ORBIT_DIRECTIONS)[number];
  /** Default `bilinear`, or `nearest` for classes. */
  resampling?: (typeof PROCESS_RESAMPLINGS)[number];
}

/** A complete request except for its grid. */
export interface ProcessPlan {
  readonly bands: readonly string[];
  readonly units: ProcessUnits;
  readonly dtype: ProcessDtype;
  /** The script that the service runs on each pixel; it returns the bands, then 1 for data, else 0. */
  readonly evalscript: string;
  /** The entry of `input.data`: collection, filter and processing. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The bands, units and options of a collection. */
interface Offer {
  readonly bands: readonly string[];
  /** The service's name of each unit, and the best type for its values. */
  readonly units: Partial<Record<ProcessUnits, readonly [name: string, dtype: ProcessDtype]>>;
}

/** Bands and units by https://docs.sentinel-hub.com/api/latest/data/. */
const OFFERS: Readonly<Record<ProcessCollection, Offer>> = {
  'sentinel-2-l2a': {
    bands: ['B01', 'B02', 'B03', 'B04', 'B05', 'B06', 'B07', 'B08', 'B8A', 'B09', 'B11', 'B12'],
    units: {
      dn_harmonised: ['DN', 'uint16'],
      reflectance: ['REFLECTANCE', 'float32'],
      dn_offset_1000: ['DN', 'uint16'],
    },
  },
  'sentinel-1-grd': { bands: ['VV', 'VH'], units: { linear_power: ['LINEAR_POWER', 'float32'] } },
  dem: { bands: ['DEM'], units: { m: ['METERS', 'float32'] } },
};

/** Classes of Sentinel-2's scene classification. */
const CLASSES: Offer = { bands: ['SCL'], units: { class: ['DN', 'uint8'] } };

/** Since this time, digital numbers of new Sentinel-2 scenes have the offset of processing baseline 04.00. */
const OFFSET_SINCE = Date.UTC(2022, 0, 25);

/**
 * Checks a request and fills in its defaults.
 * @throws {TerrachipError} INVALID_OPTION for options that the collection does not support; also for `uint16` reflectance,
 * which would be rounded to 0 and 1
 */
export function planProcess(options: ProcessOptions): ProcessPlan {
  requireChoice('collection', options.collection, PROCESS_COLLECTIONS);
  const wantsClasses = options.bands?.length === 1 && options.bands[0] === 'SCL';
  const isSentinel2 = options.collection === 'sentinel-2-l2a';
  const offer = isSentinel2 && wantsClasses ? CLASSES : OFFERS[options.collection];
  const { bands = offer.bands, resampling } = options;
  for (const band of bands) requireChoice('bands', band, offer.bands);
  if (bands.length === 0 || new Set(bands).size < bands.length) {
    throw invalidOption('bands', bands.length === 0 ? 'is empty' : 'names a band twice', 'name each once');
  }
  const known = Object.keys(offer.units) as ProcessUnits[];
  const { units = known[0] } = options;
  requireChoice('units', units, known);
  const [theirs, best] = offer.units[units] ?? ['', 'float32'];
  const { dtype = best } = options;
  requireDtype(dtype, units, best);
  requireApplies(options, 'maxCloudCover', isSentinel2);
  requireApplies(options, 'orbit', options.collection === 'sentinel-1-grd');
  requireApplies(options, 'mosaicking', options.collection !== 'dem');
  if (options.mosaicking === 'leastCC' && !isSentinel2) {
    throw invalidOption('mosaicking', 'cannot be leastCC', 'choose mostRecent or leastRecent');
  }
  const kernel = resampling ?? (units === 'class' ? 'nearest' : 'bilinear');
  requireChoice('resampling', kernel, PROCESS_RESAMPLINGS);
  if (units === 'class' && kernel !== 'nearest') {
    throw invalidOption('resampling', `cannot be ${kernel} for classes`, 'leave it out');
  }
  return {
    bands,
    units,
    dtype,
    evalscript: evalscriptOf(bands, theirs, dtype),
    data: {
      type: options.collection,
      dataFilter: dataFilter(options, units),
      processing: {
        upsampling: kernel.toUpperCase(),
        downsampling: kernel.toUpperCase(),
        ...processingOf(options.collection, units),
      },
    },
  };
}

function requireApplies(
  options: ProcessOptions,
  name: 'maxCloudCover' | 'orbit' | 'mosaicking',
  applies: boolean,
): void {
  if (options[name] === undefined || applies) return;
  throw invalidOption(name, `has no meaning for ${options.collection}`, 'leave it out');
}

function requireDtype(dtype: ProcessDtype, units: ProcessUnits, best: ProcessDtype): void {
  requireChoice('dtype', dtype, PROCESS_DTYPES);
  if (dtype === 'float32' || dtype === best) return;
  if (units === 'reflectance') {
    const problem = `cannot be ${dtype} for a reflectance, whose values would be rounded to 0 and 1`;
    throw invalidOption('dtype', problem, 'give float32, or the units dn_harmonised');
  }
  throw invalidOption('dtype', `cannot be ${dtype} for values in ${units}`, `give ${best}`);
}

function dataFilter(options: ProcessOptions, units: ProcessUnits): Record<string, unknown> {
  const { collection, datetime, mosaicking, maxCloudCover, orbit } = options;
  if (collection === 'dem') {
    if (datetime !== undefined) throw invalidOption('datetime', 'has no meaning for dem', 'leave it out');
    return { demInstance: 'COPERNICUS_30' };
  }
  if (datetime === undefined) {
    throw invalidOption('datetime', `is missing for ${collection}`, 'give a date or an interval');
  }
  const { start, end } = TimeInterval.parse(datetime);
  if (!Number.isFinite(start) || !Number.isFinite(end)) {
    throw invalidOption('datetime', `cannot be ${datetime}`, 'give both ends of the interval');
  }
  if (units === 'dn_offset_1000' && start < OFFSET_SINCE) {
    const problem = 'cannot be dn_offset_1000 before 2022-01-25, when processing baseline 04.00 began';
    throw invalidOption('units', problem, 'give dn_harmonised');
  }
  if (maxCloudCover !== undefined && !(maxCloudCover >= 0 && maxCloudCover <= 100)) {
    throw invalidOption('maxCloudCover', `cannot be ${maxCloudCover}`, 'give per cent, from 0 to 100');
  }
  return {
    timeRange: { from: new Date(start).toISOString(), to: new Date(end).toISOString() },
    mosaickingOrder: mosaicking ?? 'mostRecent',
    ...(maxCloudCover === undefined ? {} : { maxCloudCoverage: maxCloudCover }),
    ...(collection === 'sentinel-1-grd'
      ? { acquisitionMode: 'IW', polarization: 'DV', resolution: 'HIGH' }
      : {}),
    ...(orbit === undefined ? {} : { orbitDirection: orbit.toUpperCase() }),
  };
}

/**
 * Harmonised digital numbers are 10 000 times the reflectance, 0 if it is negative; others are those of the scene, with the
 * offset of its processing baseline
 * (https://forum.sentinel-hub.com/t/sentinel-2-processing-baseline-changes-and-harmonizevalues/4635). Radar is corrected
 * for the terrain, as in `sentinel-1-rtc` of the Planetary Computer. Heights are above the geoid.
 */
function processingOf(collection: ProcessCollection, units: ProcessUnits): Record<string, unknown> {
  if (collection === 'dem') return { egm: false };
  if (collection === 'sentinel-2-l2a') return { harmonizeValues: units !== 'dn_offset_1000' };
  return { backCoeff: 'GAMMA0_TERRAIN', orthorectify: true, demInstance: 'COPERNICUS_30' };
}

/** Pixels without data are 0; only the mask distinguishes them from data. */
function evalscriptOf(bands: readonly string[], units: string, dtype: ProcessDtype): string {
  const inputs = JSON.stringify([...bands, 'dataMask']);
  const ofInputs = JSON.stringify([...bands.map(() => units), 'DN']);
  const outputs = [...bands, 'dataMask'].map((band) => `sample.${band}`).join(', ');
  return `//VERSION=3
function setup() {
  return {
    input: [{ bands: ${inputs}, units: ${ofInputs} }],
    output: { bands: ${bands.length + 1}, sampleType: "${dtype.toUpperCase()}" },
  };
}
function evaluatePixel(sample) {
  return [${outputs}];
}
`;
}

/** Bytes of a pixel in a response, without compression. */
export function bytesPerPixel({ bands, dtype }: ProcessPlan): number {
  return (bands.length + 1) * bytesPerElement(dtype);
}

/** Pixels along a side of one request (https://docs.sentinel-hub.com/api/latest/api/process/). */
export const MAX_PROCESS_SIDE = 2500;

/** Limit on bytes of one response, and of the assembled rows. */
const MAX_ANSWER_BYTES = 32 * 2 ** 20;
const MAX_STRIP_BYTES = 256 * 2 ** 20;

/** A row of requests from left to right; each is a window of the grid. */
export interface ProcessStrip {
  readonly start: number;
  readonly end: number;
  readonly columns: readonly (readonly [start: number, end: number])[];
}

/** Cuts a grid into requests of at most 2500 pixels per side and 32 MiB. */
export function processStrips(geobox: GeoBox, plan: ProcessPlan): ProcessStrip[] {
  const { width, height } = geobox;
  const cut = (length: number, most: number): (readonly [number, number])[] => {
    const count = Math.ceil(length / most);
    return Array.from({ length: count }, (_, k) => [
      Math.round((k * length) / count),
      Math.round(((k + 1) * length) / count),
    ]);
  };
  const columns = cut(width, MAX_PROCESS_SIDE);
  const widest = Math.max(...columns.map(([start, end]) => end - start));
  const bytes = bytesPerPixel(plan);
  const most = Math.min(
    MAX_PROCESS_SIDE,
    Math.floor(MAX_ANSWER_BYTES / (widest * bytes)),
    Math.floor(MAX_STRIP_BYTES / (width * bytes)),
  );
  return cut(height, Math.max(1, most)).map(([start, end]) => ({ start, end, columns }));
}

/**
 * The body of the request for a grid of at most 2500 pixels per side.
 * @throws {TerrachipError} INVALID_INPUT for a grid that is not north-up; UNSUPPORTED for a CRS without an EPSG code
 */
export function processBody({ data, evalscript }: ProcessPlan, geobox: GeoBox): string {
  const { crs, transform, width, height } = geobox;
  if (transform.b !== 0 || transform.d !== 0 || transform.a <= 0 || transform.e >= 0) {
    throw invalidInput('the grid', 'is not north-up', 'give bounds and a pixel size');
  }
  if (crs.epsg === null) {
    throw unsupported(
      'systems without an EPSG code',
      `the Process API takes no reference system without an EPSG code, which ${crs} lacks`,
      'choose another',
    );
  }
  return JSON.stringify({
    input: {
      bounds: {
        bbox: geobox.bounds,
        properties: { crs: `http://www.opengis.net/def/crs/EPSG/0/${crs.epsg}` },
      },
      data: [data],
    },
    output: {
      width,
      height,
      responses: [{ identifier: 'default', format: { type: 'image/tiff' } }],
    },
    evalscript,
  });
}

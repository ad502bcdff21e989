/** Event files: a place, its phases, and the data that is wanted of each. */
import * as v from 'valibot';
import { bboxOf } from '../../catalog/boxes.js';
import { placeOutline } from '../../catalog/place.js';
import { invalidInput } from '../../errors.js';
import { unwrapBounds } from '../../geo/bounds.js';
import { type Bounds, Crs, TimeInterval } from '../../geo/index.js';
import { readJson } from '../../io/node/json.js';
import { memberOf } from '../../json/keys.js';
import { dictionary, mapValues, validateStrictly } from '../../json.js';
import { UNITS, type Units } from '../../raster/units.js';
import type { Polygon } from '../../vector/index.js';
import { readAreas } from '../../vector/node/index.js';
import { polygonsToLonLat } from '../../vector/to-lon-lat.js';
import { AssetSchema, requireLonLatBox, STATIC_MODALITY } from '../acquisition.js';
import { resolveHref } from '../scene.js';

/** Whether scenes of a phase must be from before or after the event. */
export const DIRECTIONS = ['before', 'after', 'any'] as const;
export type Direction = (typeof DIRECTIONS)[number];

const Name = v.pipe(v.string(), v.minLength(1, 'must not be empty'), v.maxLength(64));
const Finite = v.pipe(v.number(), v.finite('must be a finite number'));
const Days = v.pipe(Finite, v.minValue(0, 'must not be negative'), v.maxValue(3660, 'must be at most 3660'));
const Percent = v.pipe(Finite, v.minValue(0, 'must be at least 0'), v.maxValue(100, 'must be at most 100'));

const PhaseSchema = v.object({
  direction: v.optional(v.picklist(DIRECTIONS, `must be one of ${DIRECTIONS.join(', ')}`)),
  window_days: v.optional(Days),
});

const ModalitySchema = v.object({
  catalog: v.optional(v.pipe(v.string(), v.nonEmpty('must name a catalog'))),
  collection: v.optional(Name),
  assets: v.optional(v.pipe(v.array(Name), v.minLength(1, 'must name at least one asset'))),
  window_days: v.optional(Days),
  max_cloud: v.optional(Percent),
  orbit_state: v.optional(v.picklist(['ascending', 'descending'], 'must be ascending or descending')),
  relative_orbit: v.optional(v.pipe(Finite, v.integer('must be a whole number'))),
  units: v.optional(v.picklist(UNITS, `must be one of ${UNITS.join(', ')}`)),
});

/** The document of an event file. */
export const EventSchema = v.object({
  schemaVersion: v.optional(v.literal(1), 1),
  name: v.pipe(v.string(), v.minLength(1, 'must not be empty'), v.maxLength(128)),
  bbox: v.optional(v.tuple([Finite, Finite, Finite, Finite])),
  area: v.optional(v.pipe(v.string(), v.nonEmpty('must name a vector file'))),
  target_crs: v.optional(v.string()),
  phase_dates: dictionary(Name, v.string()),
  phase_order: v.optional(v.array(Name)),
  phases: v.optional(dictionary(Name, PhaseSchema), {}),
  event_date: v.optional(v.string()),
  catalog: v.optional(v.pipe(v.string(), v.nonEmpty('must name a catalog'))),
  modalities: v.optional(dictionary(Name, ModalitySchema)),
  label: v.optional(AssetSchema),
});
type EventDocument = v.InferOutput<typeof EventSchema>;

/** A phase of an event. */
export interface EventPhase {
  readonly name: string;
  /** As in the event file. */
  readonly date: string;
  /** The day, or the moment, of the phase. */
  readonly time: TimeInterval;
  readonly direction: Direction;
  /** Days on both sides of the date, instead of those of each modality. */
  readonly windowDays: number | undefined;
}

/** The requested scenes of one modality. */
export interface EventModality {
  readonly name: string;
  /** The address of an API, or the path or address of a catalog. */
  readonly catalog: string;
  readonly collection: string;
  readonly assets: readonly string[];
  /** Days on both sides of the date of a phase. */
  readonly windowDays: number;
  /** Largest cloud cover of a scene in per cent. */
  readonly maxCloud: number | undefined;
  readonly orbitState: string | undefined;
  readonly relativeOrbit: number | undefined;
  readonly units: Units | undefined;
  /** Whether it has no phases, like an elevation model. */
  readonly isStatic: boolean;
}

/** An event file, checked, with its defaults. */
export interface AcquireEvent {
  readonly path: string;
  readonly name: string;
  /** West, south, east and north in degrees. */
  readonly bbox: Bounds;
  /** The outline of the area in longitude and latitude. */
  readonly area: readonly Polygon[];
  readonly targetCrs: string;
  readonly phases: readonly EventPhase[];
  /** The first moment of the event; null where no phase depends on it. */
  readonly start: number | null;
  readonly modalities: readonly EventModality[];
  readonly label: { readonly href: string } | undefined;
}

/** Where the scenes of the published notebooks are from. */
export const DEFAULT_CATALOG = 'https://planetarycomputer.microsoft.com/api/stac/v1';

const DEFAULT_WINDOW_DAYS = 10;

/** The collections, assets and search windows of the published flood notebook. */
const KNOWN_MODALITIES: Readonly<Record<string, v.InferOutput<typeof ModalitySchema>>> = {
  S1RTC: { collection: 'sentinel-1-rtc', assets: ['vv', 'vh'], window_days: 4 },
  S2L2A: {
    collection: 'sentinel-2-l2a',
    assets: ['B01', 'B02', 'B03', 'B04', 'B05', 'B06', 'B07', 'B08', 'B8A', 'B09', 'B11', 'B12'],
    window_days: 10,
    max_cloud: 25,
  },
  [STATIC_MODALITY]: { collection: 'cop-dem-glo-30', assets: ['data'] },
};

/**
 * Reads an event file.
 * @throws {TerrachipError} NOT_FOUND or INVALID_INPUT, with the path of what is wrong
 */
export async function readEvent(path: string, signal?: AbortSignal): Promise<AcquireEvent> {
  const document = validateStrictly(EventSchema, await readJson(path), path);
  const area = await areaOf(path, document, signal);
  const bbox = document.bbox ?? bboxOf(area);
  if (bbox === null) throw invalidInput(path, 'has an empty area', 'give it polygons');
  return {
    path,
    name: document.name,
    bbox,
    area,
    targetCrs: targetCrs(path, document, bbox),
    ...phasesOf(path, document),
    modalities: modalitiesOf(path, document),
    label: document.label,
  };
}

async function areaOf(path: string, document: EventDocument, signal?: AbortSignal): Promise<Polygon[]> {
  const { bbox, area } = document;
  if ((bbox === undefined) === (area === undefined)) {
    throw invalidInput(path, 'must have either bbox or area', 'give one of the two');
  }
  if (area !== undefined) {
    const areas = await readAreas(resolveHref({ path }, area), { signal });
    return polygonsToLonLat(
      areas.features.flatMap(({ polygons }) => polygons),
      areas.crs,
      areas.name,
    );
  }
  requireLonLatBox(path, bbox!);
  return placeOutline(bbox!, Crs.wgs84, path);
}

/** The given reference system, or the UTM zone of the middle of the area. */
function targetCrs(path: string, { target_crs: given }: EventDocument, bbox: Bounds): string {
  if (given === undefined) {
    const [west, south, east, north] = unwrapBounds(bbox, Crs.wgs84);
    const zone = (Math.floor(((west + east) / 2 + 180) / 6) % 60) + 1;
    return `EPSG:${(south + north < 0 ? 32700 : 32600) + zone}`;
  }
  try {
    Crs.parse(given);
  } catch (cause) {
    throw invalidInput(
      path,
      `has the target_crs "${given}", which is unknown`,
      'write it as EPSG:32632',
      cause,
    );
  }
  return given;
}

function phasesOf(path: string, document: EventDocument): Pick<AcquireEvent, 'phases' | 'start'> {
  const { phase_dates: dates, phase_order: order = Object.keys(dates), phases: settings } = document;
  if (order.length === 0) throw invalidInput(path, 'has no phase_dates', 'give at least one phase a date');
  const unknown = [...order, ...Object.keys(settings)].find((name) => dates[name] === undefined);
  if (unknown !== undefined) {
    throw invalidInput(path, `names the phase ${unknown}, which has no date`, 'add it to phase_dates');
  }
  if (new Set(order).size < order.length) {
    throw invalidInput(path, 'names a phase twice in phase_order', 'name each once');
  }
  const phases = order.map((name): EventPhase => {
    const { direction = directionOf(name), window_days: windowDays } = settings[name] ?? {};
    const time = timeOf(path, `phase_dates.${name}`, dates[name]);
    return { name, date: dates[name], time, direction, windowDays };
  });
  const given = document.event_date ?? dates.event;
  const start = given === undefined ? null : timeOf(path, 'event_date', given).start;
  const directed = phases.find(({ direction }) => direction !== 'any');
  if (start === null && directed !== undefined) {
    const problem = `does not say when the event was, ${directed.direction} which the phase ${directed.name} is`;
    throw invalidInput(path, problem, 'give event_date, or the direction "any" to the phase');
  }
  return { phases, start };
}

/** `pre…` is before the event; `event` and `post…` are from it on. */
function directionOf(phase: string): Direction {
  if (/^pre/i.test(phase)) return 'before';
  return /^(event|post)/i.test(phase) ? 'after' : 'any';
}

function timeOf(path: string, key: string, text: string): TimeInterval {
  try {
    const time = TimeInterval.parse(text);
    if (Number.isFinite(time.start) && Number.isFinite(time.end)) return time;
  } catch {
    // The error below names the key.
  }
  throw invalidInput(path, `has "${text}" as ${key}, which is no date`, 'write it as 2021-07-15');
}

function modalitiesOf(path: string, document: EventDocument): EventModality[] {
  const given = document.modalities ?? mapValues(KNOWN_MODALITIES, () => ({}));
  const catalogOf = (place: string): string => resolveHref({ path }, place);
  return Object.entries(given).map(([name, own]): EventModality => {
    const { collection, assets, ...settings } = { ...memberOf(KNOWN_MODALITIES, name), ...own };
    if (collection === undefined || assets === undefined) {
      const key = collection === undefined ? 'collection' : 'assets';
      throw invalidInput(path, `has no ${key} for the modality ${name}`, `add modalities.${name}.${key}`);
    }
    return {
      name,
      catalog: catalogOf(settings.catalog ?? document.catalog ?? DEFAULT_CATALOG),
      collection,
      assets,
      windowDays: settings.window_days ?? DEFAULT_WINDOW_DAYS,
      maxCloud: settings.max_cloud,
      orbitState: settings.orbit_state,
      relativeOrbit: settings.relative_orbit,
      units: settings.units,
      isStatic: name === STATIC_MODALITY,
    };
  });
}

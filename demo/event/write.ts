import { join } from 'node:path';
import { Affine, Crs, createTransform, GeoBox } from '../../src/geo/index.js';
import { makeFolder, writeJson } from '../../src/io/node/output.js';
import type { OperationOptions } from '../../src/progress.js';
import { type CogOptions, writeCog } from '../../src/raster/node/index.js';
import { type Position, polygonize } from '../../src/vector/index.js';
import {
  type AcquisitionDocument,
  type AcquisitionItem,
  writtenAcquisition,
} from '../../src/workflow/acquisition.js';
import { elevationTiles } from './elevation.js';
import { PHASES, type Phase } from './flood.js';
import { OPTICAL_BANDS, opticalBand, opticalSurface } from './optical.js';
import { DEMO_PARAMETERS } from './parameters.js';
import { radarImage } from './radar.js';
import { floodTruth, randomFor, type SimulatedEvent, simulateEvent } from './simulate.js';

export interface EventFiles {
  /** The acquisition manifest. */
  manifest: string;
  /** The flood as polygons (GeoJSON). */
  flood: string;
}

/** The flood as a GeoJSON document. */
export interface FloodCollection {
  type: 'FeatureCollection';
  features: {
    type: 'Feature';
    properties: { event: string; class: 'flood' };
    geometry: { type: 'Polygon'; coordinates: Position[][] };
  }[];
}

/** Acquisition date of each phase. */
const DATES: Readonly<Record<Phase, string>> = {
  pre_month: '2021-06-15',
  pre_event: '2021-07-11',
  event: '2021-07-15',
  post_event: '2021-07-18',
};

/** Speckle hardly compresses, so that a higher level gains nothing. */
const COG: Pick<CogOptions, 'bands' | 'level'> = { bands: 1, level: 1 };

const RADAR_ASSETS = ['vv', 'vh'] as const;

/** Writes an event's images, elevation tiles, flood polygons and manifest into a folder. */
export async function writeEvent(
  event: SimulatedEvent,
  folder: string,
  options: OperationOptions = {},
): Promise<EventFiles> {
  await makeFolder(folder);
  const selected: AcquisitionDocument['selected'] = {};
  const total = PHASES.length;
  for (const [done, phase] of PHASES.entries()) {
    options.signal?.throwIfAborted();
    options.onProgress?.({ type: 'progress', stage: 'event', done, total, unit: 'phases' });
    selected[phase] = {
      S1RTC: [await writeRadar(event, folder, phase)],
      S2L2A: [await writeOptical(event, folder, phase)],
    };
  }
  const demItems = await writeElevation(event, folder);
  const flood = join(folder, 'flood.geojson');
  await writeJson(flood, floodPolygons(event));
  const manifest = join(folder, 'manifest.json');
  await writeJson(manifest, writtenAcquisition(manifestOf(event, selected, demItems)));
  options.onProgress?.({ type: 'progress', stage: 'event', done: total, total, unit: 'phases' });
  return { manifest, flood };
}

/** Simulates the demo's event of a seed on a map of at least `width × height` pixels, and writes it. */
export function writeDemoEvent(
  seed: number,
  [width, height]: readonly [number, number],
  folder: string,
  options: OperationOptions = {},
): Promise<EventFiles> {
  return writeEvent(simulateEvent(seed, DEMO_PARAMETERS, { width, height }), folder, options);
}

async function writeRadar(event: SimulatedEvent, folder: string, phase: Phase): Promise<AcquisitionItem> {
  const { parameters, land, cover, frame } = event;
  const view = event.radar[phase];
  const random = randomFor(event.seed, 10 + PHASES.indexOf(phase));
  const bands = radarImage(random, parameters, land, cover, event.flood[phase], view);
  const assets: NonNullable<AcquisitionItem['assets']> = {};
  for (const [k, key] of RADAR_ASSETS.entries()) {
    const href = `s1-${hyphenated(phase)}-${key}.tif`;
    assets[key] = { href };
    await writeCog(join(folder, href), [bands[k]], {
      ...COG,
      geobox: frame.ground,
      dtype: 'float32',
      nodata: Number.NaN,
      descriptions: [key.toUpperCase()],
    });
  }
  return {
    collection: 'sentinel-1-rtc',
    id: `simulated-s1-${event.seed}-${hyphenated(phase)}`,
    datetime: `${DATES[phase]}T${view.orbit === 'descending' ? '05:51' : '17:25'}:00Z`,
    days_from_phase: 0,
    aoi_overlap_frac: validShare(bands[0], (value) => !Number.isNaN(value)),
    orbit_state: view.orbit,
    relative_orbit: view.orbit === 'descending' ? 37 : 88,
    assets,
  };
}

async function writeOptical(event: SimulatedEvent, folder: string, phase: Phase): Promise<AcquisitionItem> {
  const { land, cover, frame } = event;
  const view = event.optical[phase];
  const surface = opticalSurface(land, cover, event.flood[phase], phase);
  const assets: NonNullable<AcquisitionItem['assets']> = {};
  let overlap = 0;
  for (const [index, { name, pixel }] of OPTICAL_BANDS.entries()) {
    const random = randomFor(event.seed, 100 + 20 * PHASES.indexOf(phase) + index);
    const values = opticalBand(random, land, cover, surface, view, index);
    const href = `s2-${hyphenated(phase)}-${name}.tif`;
    assets[name] = { href };
    overlap = validShare(values, (value) => value > 0);
    const factor = pixel / 10;
    const transform = frame.ground.transform.compose(Affine.scale(factor, factor));
    await writeCog(join(folder, href), [values], {
      ...COG,
      geobox: new GeoBox(frame.ground.crs, transform, land.width / factor, land.height / factor),
      dtype: 'uint16',
      nodata: 0,
      descriptions: [name],
    });
  }
  return {
    collection: 'sentinel-2-l2a',
    id: `simulated-s2-${event.seed}-${hyphenated(phase)}`,
    datetime: `${DATES[phase]}T10:40:31Z`,
    days_from_phase: 0,
    aoi_overlap_frac: overlap,
    'eo:cloud_cover': 100 * validShare(view.clouds.opacity, (opacity) => opacity > 0.5),
    assets,
  };
}

async function writeElevation(event: SimulatedEvent, folder: string): Promise<AcquisitionItem[]> {
  const tiles = elevationTiles(randomFor(event.seed, 3), event.frame, event.land, event.cover);
  const pixels = tiles.reduce((sum, { values }) => sum + values.length, 0);
  const items: AcquisitionItem[] = [];
  for (const { id, geobox, values } of tiles) {
    const href = `${id}.tif`;
    await writeCog(join(folder, href), [values], { ...COG, geobox, dtype: 'float32', nodata: null });
    items.push({
      collection: 'cop-dem-glo-30',
      id,
      aoi_overlap_frac: values.length / pixels,
      assets: { data: { href } },
    });
  }
  return items;
}

/** The flood's areas along pixel edges of the ground, in longitude and latitude. */
export function floodPolygons(event: SimulatedEvent): FloodCollection {
  const { ground } = event.frame;
  const toLonLat = createTransform(ground.crs, Crs.wgs84);
  const degrees = (value: number): number => Number(value.toFixed(7));
  const position = ([x, y]: Position): Position => {
    const [longitude, latitude] = toLonLat.forward(...ground.transform.apply(x, y));
    return [degrees(longitude), degrees(latitude)];
  };
  return {
    type: 'FeatureCollection',
    features: polygonize(floodTruth(event), ground.width, ground.height).map((rings) => ({
      type: 'Feature',
      properties: { event: eventName(event), class: 'flood' },
      geometry: { type: 'Polygon', coordinates: rings.map((ring) => ring.map(position)) },
    })),
  };
}

function manifestOf(
  event: SimulatedEvent,
  selected: AcquisitionDocument['selected'],
  demItems: AcquisitionItem[],
): AcquisitionDocument {
  return {
    schemaVersion: 1,
    event: {
      name: eventName(event),
      bbox: [...event.frame.bbox],
      target_crs: event.frame.grid.crs.toString(),
      phase_dates: DATES,
    },
    phase_order: [...PHASES],
    collections: { S1RTC: 'sentinel-1-rtc', S2L2A: 'sentinel-2-l2a', DEM: 'cop-dem-glo-30' },
    assets: { S1RTC: [...RADAR_ASSETS], S2L2A: OPTICAL_BANDS.map(({ name }) => name), DEM: ['data'] },
    units: { S1RTC: 'linear_power', S2L2A: 'dn_harmonised', DEM: 'm' },
    selected,
    dem_items: demItems,
    label: { href: 'flood.geojson' },
  };
}

function eventName(event: SimulatedEvent): string {
  return `simulated_flood_${event.seed}`;
}

function hyphenated(phase: Phase): string {
  return phase.replace('_', '-');
}

function validShare(values: Float32Array | Uint16Array, isValid: (value: number) => boolean): number {
  let count = 0;
  for (const value of values) if (isValid(value)) count++;
  return count / values.length;
}

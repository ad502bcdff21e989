import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COVER } from '../../demo/event/cover.js';
import {
  DEMO_PARAMETERS,
  drawParameters,
  type EventFiles,
  floodPolygons,
  floodTruth,
  HELD_OUT_RANGES,
  PHASES,
  type SimulatedEvent,
  simulateEvent,
  TRAINING_RANGES,
  writeEvent,
} from '../../demo/event/index.js';
import { radarImage } from '../../demo/event/radar.js';
import { randomFor } from '../../demo/event/simulate.js';
import { Crs, createTransform, type GeoBox, PixelAreas, ringArea } from '../../src/geo/index.js';
import { openRaster } from '../../src/raster/node/index.js';
import { type Acquisition, readAcquisition } from '../../src/workflow/acquisition.js';
import { Random } from '../../src/workflow/model/random.js';

const SIZE = { width: 300, height: 240 };
const SMALL = { width: 60, height: 48 };
const folder = mkdtempSync(join(tmpdir(), 'terrachip-event-'));
let event: SimulatedEvent;
/** Simulated with the same seed. */
let again: SimulatedEvent;
let files: EventFiles;
let manifest: Acquisition;

beforeAll(async () => {
  event = simulateEvent(21, DEMO_PARAMETERS, SIZE);
  again = simulateEvent(21, DEMO_PARAMETERS, SIZE);
  files = await writeEvent(event, folder);
  manifest = await readAcquisition(files.manifest);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function valuesAt(path: string, lonLat: readonly [number, number], reach = 1): Promise<number[]> {
  const raster = await openRaster(path);
  try {
    const geobox = raster.geobox as GeoBox;
    const [x, y] = geobox.transform
      .inverse()
      .apply(...createTransform(Crs.wgs84, geobox.crs).forward(...lonLat));
    const window = {
      x: Math.floor(x) - reach,
      y: Math.floor(y) - reach,
      width: 2 * reach + 1,
      height: 2 * reach + 1,
    };
    return Array.from((await raster.readPlanes({ window, bands: [1] }))[0]);
  } finally {
    await raster.close();
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the demo event', () => {
  it('is reproducible by its seed', () => {
    expect(again.land.elevation).toEqual(event.land.elevation);
    expect(again.cover.cover).toEqual(event.cover.cover);
    expect(floodTruth(again)).toEqual(floodTruth(event));
    const [one, other] = [21, 22].map((seed) => simulateEvent(seed, DEMO_PARAMETERS, SMALL));
    expect(other.land.elevation).not.toEqual(one.land.elevation);
  });

  it('is written as the same bytes again', async () => {
    const other = join(folder, 'again');
    await writeEvent(again, other);
    for (const name of ['manifest.json', 'flood.geojson', 's1-event-vv.tif', 's2-event-B08.tif']) {
      expect(await readFile(join(other, name))).toEqual(await readFile(join(folder, name)));
    }
  });

  it('has flooded vegetation, permanent water, tarmac and wet fields', () => {
    const { land, cover, flood, radar } = event;
    const truth = floodTruth(event);
    const share = (test: (k: number) => boolean): number =>
      truth.reduce((count, _, k) => count + (test(k) ? 1 : 0), 0) / truth.length;
    expect(share((k) => truth[k] === 1)).toBeGreaterThan(0.03);
    expect(share((k) => land.permanentWater[k] === 1)).toBeGreaterThan(0.005);
    expect(share((k) => truth[k] === 1 && cover.cover[k] !== COVER.field)).toBeGreaterThan(0.002);
    expect(share((k) => cover.cover[k] === COVER.tarmac)).toBeGreaterThan(0.005);
    const wet = cover.parcels.saturated.event;
    expect(share((k) => cover.cover[k] === COVER.field && wet[cover.parcel[k]] === 1)).toBeGreaterThan(0.01);
    const { opacity } = event.optical.event.clouds;
    expect(share((k) => truth[k] === 1 && opacity[k] > 0.5)).toBeGreaterThan(0.01);
    expect(radar.event.windShare).toBe(DEMO_PARAMETERS.windShare);
    // The flood recedes, and never covers permanent water.
    expect(share((k) => flood.post_event[k] > 0)).toBeLessThan(share((k) => flood.event[k] > 0));
    expect(share((k) => flood.post_event[k] > 0 && flood.event[k] === 0)).toBe(0);
    expect(share((k) => truth[k] === 1 && land.permanentWater[k] === 1)).toBe(0);
    expect(share((k) => flood.pre_event[k] > 0)).toBe(0);
  });

  it('floods only pixels connected to the river', () => {
    const { width, height, channel } = event.land;
    const truth = floodTruth(event);
    const reached = Uint8Array.from(channel);
    for (let changed = true; changed; ) {
      changed = false;
      for (let k = 0; k < truth.length; k++) {
        const open = truth[k] === 1 || event.land.permanentWater[k] === 1;
        if (reached[k] === 1 || !open) continue;
        const column = k % width;
        const neighbours = [
          column > 0 ? k - 1 : k,
          column < width - 1 ? k + 1 : k,
          k >= width ? k - width : k,
          k < width * (height - 1) ? k + width : k,
        ];
        if (neighbours.some((other) => reached[other] === 1)) {
          reached[k] = 1;
          changed = true;
        }
      }
    }
    expect(truth.some((wet, k) => wet === 1 && reached[k] === 0)).toBe(false);
  });

  it('has speckle of the stated looks, and darker water than land', () => {
    const { land, cover, flood, radar } = event;
    const parameters = { ...DEMO_PARAMETERS, looks: 4.4 };
    const view = { ...radar.pre_event, windShare: 0, swath: () => true };
    const [vv] = radarImage(randomFor(1, 1), parameters, land, cover, flood.pre_event, view);
    const water = Array.from(vv).filter((_, k) => land.permanentWater[k] === 1);
    const average = mean(water);
    const looks = average ** 2 / mean(water.map((value) => (value - average) ** 2));
    expect(looks).toBeGreaterThan(3.7);
    expect(looks).toBeLessThan(5.1);
    const decibels = 10 * Math.log10(average);
    expect(decibels).toBeGreaterThan(-23);
    expect(decibels).toBeLessThan(-19);
    const fields = Array.from(vv).filter(
      (_, k) => cover.cover[k] === COVER.field && land.permanentWater[k] === 0,
    );
    expect(10 * Math.log10(mean(fields))).toBeGreaterThan(-13);
  });

  it('has parameters in their ranges, held-out ones outside those of training', () => {
    const drawn = drawParameters(new Random(5), TRAINING_RANGES);
    for (const [name, [least, most]] of Object.entries(TRAINING_RANGES)) {
      const value = drawn[name as keyof typeof drawn];
      expect(value).toBeGreaterThanOrEqual(least);
      expect(value).toBeLessThanOrEqual(most);
      const held = HELD_OUT_RANGES[name as keyof typeof drawn];
      expect(held[0] > most || held[1] < least).toBe(true);
    }
  });
});

describe('the demo files', () => {
  it('are named by the manifest, in the form of the seed notebooks', () => {
    const { document } = manifest;
    expect(document.phase_order).toEqual([...PHASES]);
    expect(Object.keys(document.selected)).toEqual([...PHASES]);
    expect(document.assets.S2L2A).toHaveLength(12);
    expect(document.dem_items).toHaveLength(4);
    expect(document.dem_items.map(({ id }) => id)).toContain('Copernicus_DSM_COG_10_N50_00_E005_00_DEM');
    const shares = document.dem_items.map((item) => item.aoi_overlap_frac ?? 0);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  it('have the resolutions, types and CRSs of their products', async () => {
    const describe = async (name: string) => {
      const raster = await openRaster(join(folder, name));
      await raster.close();
      const geobox = raster.geobox as GeoBox;
      return [geobox.crs.epsg, geobox.resolution[0], raster.bands[0].dtype, raster.bands[0].nodata];
    };
    expect(await describe('s1-event-vv.tif')).toEqual([32631, 10, 'float32', Number.NaN]);
    expect(await describe('s2-event-B04.tif')).toEqual([32631, 10, 'uint16', 0]);
    expect(await describe('s2-event-B11.tif')).toEqual([32631, 20, 'uint16', 0]);
    expect(await describe('s2-event-B09.tif')).toEqual([32631, 60, 'uint16', 0]);
    const [epsg, resolution] = await describe('Copernicus_DSM_COG_10_N49_00_E006_00_DEM.tif');
    expect([epsg, Number(resolution) * 3600]).toEqual([4326, 1]);
  });

  it('agree on the position of a lake', async () => {
    const { land, frame } = event;
    const [lake] = land.lakes;
    const lonLat = createTransform(frame.ground.crs, Crs.wgs84).forward(
      ...frame.ground.transform.apply(lake.x, lake.y),
    );
    const power = await valuesAt(join(folder, 's1-pre-event-vv.tif'), lonLat, 2);
    expect(10 * Math.log10(mean(power))).toBeLessThan(-9);
    const k = Math.floor(lake.y) * land.width + Math.floor(lake.x);
    const tiles = manifest.document.dem_items.map(({ id }) => join(folder, `${id}.tif`));
    const heights: number[] = [];
    for (const tile of tiles) {
      const raster = await openRaster(tile);
      const [west, south, east, north] = (raster.geobox as GeoBox).bounds;
      await raster.close();
      const [x, y] = lonLat;
      if (x > west && x < east && y > south && y < north) heights.push(mean(await valuesAt(tile, lonLat, 0)));
    }
    expect(heights).toHaveLength(1);
    expect(heights[0]).toBeCloseTo(land.elevation[k], 1);
  });

  it('have polygons of the flooded area, with rings as RFC 7946 requires', () => {
    const { features } = floodPolygons(event);
    const areas = new PixelAreas(event.frame.ground);
    const truth = floodTruth(event);
    let expected = 0;
    truth.forEach((wet, k) => {
      if (wet === 1) expected += areas.at(k % event.land.width, Math.floor(k / event.land.width));
    });
    let actual = 0;
    for (const { geometry } of features) {
      for (const [k, ring] of geometry.coordinates.entries()) {
        const signed = ring.slice(1).reduce((sum, [x, y], i) => sum + ring[i][0] * y - x * ring[i][1], 0);
        expect(Math.sign(signed)).toBe(k === 0 ? 1 : -1);
        actual += (k === 0 ? 1 : -1) * ringArea(ring);
      }
    }
    expect(actual / expected).toBeCloseTo(1, 4);
  });
});

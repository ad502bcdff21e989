// A scene for checks: radar of a simulated event at two dates, on a grid in another UTM zone, and its water as label.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SEED = 7;
const SIZE = { width: 512, height: 440 };

/**
 * Writes the scene file, its rasters and a raster of the water at the event. Needs the build.
 * @param {string} folder
 * @param {{width: number, height: number}} [size] in pixels
 * @returns {Promise<{scene: string, label: string, radar: Record<string, Record<string, string>>}>} `radar` has the
 *   path of each phase's VV and VH
 */
export async function makeRadarScene(folder, size = SIZE) {
  const { CogWriter } = await import('../../dist/raster/node/index.js');
  const { DEMO_PARAMETERS, simulateEvent, writeEvent } = await import('../../dist/demo/event/index.js');
  const event = simulateEvent(SEED, DEMO_PARAMETERS, size);
  await writeEvent(event, folder);
  const radar = {};
  for (const phase of ['pre_event', 'event']) {
    const path = (band) => join(folder, `s1-${phase.replace('_', '-')}-${band.toLowerCase()}.tif`);
    radar[phase] = { VV: path('VV'), VH: path('VH') };
  }
  const { land, flood, frame } = event;
  const water = land.permanentWater.map((wet, k) => (wet === 1 || flood.event[k] > 0 ? 1 : 0));
  const label = join(folder, 'label.tif');
  const writer = await CogWriter.create(label, {
    geobox: frame.ground,
    bands: 1,
    dtype: 'uint8',
    nodata: 255,
    overviews: 'mode',
  });
  await writer.writeRows([water]);
  await writer.finish();
  const phases = Object.fromEntries(
    Object.entries(radar).map(([phase, bands]) => [
      phase,
      Object.fromEntries(Object.entries(bands).map(([band, href]) => [band, { href, band: 1 }])),
    ]),
  );
  const scene = join(folder, 'scene.json');
  const document = {
    schemaVersion: 1,
    id: 'radar',
    grid: { crs: 'EPSG:32632', resolution: 10 },
    phases: ['pre_event', 'event'],
    inputs: { S1RTC: { units: 'linear_power', phases } },
  };
  await writeFile(scene, JSON.stringify(document));
  return { scene, label, radar };
}

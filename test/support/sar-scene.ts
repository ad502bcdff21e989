/**
 * A small simulated radar scene of two dates: hills, a meandering river and a lake, rain in between, and a flood on the
 * second date. The images have speckle, and the swath ends inside the scene.
 */
import { join } from 'node:path';
import { type Field, quantile, randomHills } from '../../demo/terrain.js';
import { Affine, GeoBox } from '../../src/geo/index.js';
import { makeFolder, writeJson } from '../../src/io/node/output.js';
import { writeCog } from '../../src/raster/node/index.js';
import { Random } from '../../src/workflow/model/random.js';
import { SCENE_SCHEMA_VERSION } from '../../src/workflow/scene.js';

export interface SarSceneFiles {
  scene: string;
  label: string;
}

/** Looks of the simulated product: Sentinel-1 IW GRD in high resolution has 4.4. */
const LOOKS = 4.4;

/** Mean backscatter (γ⁰ in dB) of VV and VH. */
const BACKSCATTER = {
  land: [-9.5, -15.8],
  forest: [-7.6, -13.2],
  water: [-20.5, -28],
} as const;

type Surface = keyof typeof BACKSCATTER;

/** The scene is in the east of zone 31, so that the map's grid in zone 32 is rotated by some degrees. */
const SOURCE_CRS = 'EPSG:32631';
const MAP_CRS = 'EPSG:32632';
const ORIGIN = [690_000, 5_520_000] as const;
const PIXEL = 10;

/** Writes two radar images, the truth and the scene file into a folder. */
export async function writeSarScene(
  folder: string,
  seed: number,
  width = 512,
  height = width,
): Promise<SarSceneFiles> {
  await makeFolder(folder);
  const random = new Random(seed);
  const terrain = riverTerrain(random, width, height);
  const forest = randomHills(random, width, height, width / 6, 4);
  const transform = new Affine(PIXEL, 0, ORIGIN[0], 0, -PIXEL, ORIGIN[1]);
  const geobox = new GeoBox(SOURCE_CRS, transform, width, height);

  const permanent = quantile(terrain, 0.06);
  const flooded = quantile(terrain, 0.2);
  const water = { pre_event: below(terrain, permanent), event: below(terrain, flooded) };
  const phases: Record<string, Record<string, { href: string; band: number }>> = {};
  for (const [phase, isWater] of Object.entries(water)) {
    const surface = (k: number): Surface =>
      isWater[k] === 1 ? 'water' : forest[k] > 0.8 ? 'forest' : 'land';
    const file = `s1-${phase.replace('_', '-')}.tif`;
    await writeCog(join(folder, file), radarImage(random, width, height, surface), {
      geobox,
      bands: 2,
      dtype: 'float32',
      nodata: Number.NaN,
      blockSize: 256,
      descriptions: ['VV', 'VH'],
    });
    phases[phase] = { VV: { href: file, band: 1 }, VH: { href: file, band: 2 } };
  }
  const label = join(folder, 'label.tif');
  await writeCog(label, [water.event], {
    geobox,
    bands: 1,
    dtype: 'uint8',
    nodata: 255,
    overviews: 'mode',
    blockSize: 256,
  });
  const scene = join(folder, 'scene.json');
  await writeJson(scene, {
    schemaVersion: SCENE_SCHEMA_VERSION,
    id: 'demo',
    datetime: '2021-07-15T05:50:00Z',
    grid: { crs: MAP_CRS, resolution: PIXEL },
    phases: ['pre_event', 'event'],
    inputs: { S1RTC: { units: 'linear_power', phases } },
  });
  return { scene, label };
}

/** Hills with the valley of a meandering river, and a hollow for a lake. */
function riverTerrain(random: Random, width: number, height: number): Field {
  const hills = randomHills(random, width, height, width / 4, 5);
  const phase = 2 * Math.PI * random.uniform();
  const lake = [0.25 + 0.5 * random.uniform(), 0.2 + 0.2 * random.uniform()];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [x / width, y / height];
      const river =
        0.62 + 0.1 * Math.sin(2 * Math.PI * u * 1.3 + phase) + 0.03 * Math.sin(2 * Math.PI * u * 4.7);
      const valley = 3.2 * Math.exp(-(((v - river) / 0.045) ** 2));
      const hollow = 3 * Math.exp(-((u - lake[0]) ** 2 + (v - lake[1]) ** 2) / 0.004);
      hills[y * width + x] -= valley + hollow;
    }
  }
  return hills;
}

function below(field: Field, level: number): Uint8Array {
  return Uint8Array.from(field, (value) => (value < level ? 1 : 0));
}

/** VV and VH as linear power, speckled; NaN east of the swath's slanted edge. */
function radarImage(
  random: Random,
  width: number,
  height: number,
  surface: (k: number) => Surface,
): Float32Array[] {
  const pixels = width * height;
  const bands = [new Float32Array(pixels), new Float32Array(pixels)];
  for (let k = 0; k < pixels; k++) {
    const [x, y] = [k % width, Math.floor(k / width)];
    const beyondSwath = x > width * (0.97 - 0.12 * (y / height));
    for (let band = 0; band < 2; band++) {
      const power = 10 ** (BACKSCATTER[surface(k)][band] / 10) * random.gamma(LOOKS);
      bands[band][k] = beyondSwath ? Number.NaN : power;
    }
  }
  return bands;
}

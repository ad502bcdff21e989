// Simulated events for training and checks, packaged on their grid, with the truth.
import { join } from 'node:path';
import {
  drawParameters,
  HELD_OUT_RANGES,
  PHASES,
  simulateEvent,
  TRAINING_RANGES,
  writeEvent,
} from '../dist/demo/event/index.js';
import { CogWriter, openRaster } from '../dist/raster/node/index.js';
import { Random } from '../dist/workflow/model/random.js';
import { packageManifest } from '../dist/workflow/package.js';
import { warpFile } from '../dist/workflow/warp.js';

/** Seeds, parameter ranges and map sizes of the splits. No two splits share a seed. */
export const SPLITS = {
  train: { firstSeed: 1000, count: 48, ranges: TRAINING_RANGES, size: { width: 512, height: 440 } },
  threshold: { firstSeed: 2000, count: 6, ranges: TRAINING_RANGES, size: { width: 512, height: 440 } },
  'held-out': { firstSeed: 3000, count: 5, ranges: HELD_OUT_RANGES, size: { width: 720, height: 600 } },
};

/** Bands of the truth's raster, each 0 or 1. */
export const TRUTH_BANDS = ['flood', 'permanent', ...PHASES.map((phase) => `water ${phase}`)];

/** Simulates and packages an event of a split: its scene file, and the truth on the scene's grid. */
export async function makeEvent(seed, { ranges, size }, folder) {
  const event = simulateEvent(seed, drawParameters(new Random(seed), ranges), size);
  const { manifest } = await writeEvent(event, join(folder, 'source'));
  const { scene } = await packageManifest({ manifest, output: join(folder, 'package'), backend: 'cpu' });
  const truth = join(folder, 'truth.tif');
  await writeTruth(event, join(folder, 'source', 'truth.tif'));
  await warpFile({
    source: join(folder, 'source', 'truth.tif'),
    destination: truth,
    grid: { like: join(folder, 'package', 'DEM.tif') },
    resampling: 'nearest',
    backend: 'cpu',
  });
  return { event, scene, truth, folder };
}

async function writeTruth({ land, flood, frame }, path) {
  const permanent = land.permanentWater;
  const water = PHASES.map((phase) => permanent.map((wet, k) => (wet === 1 || flood[phase][k] > 0 ? 1 : 0)));
  const isFlood = permanent.map((_, k) => (flood.event[k] > 0 ? 1 : 0));
  const bands = [isFlood, permanent, ...water];
  const writer = await CogWriter.create(path, {
    geobox: frame.ground,
    bands: bands.length,
    dtype: 'uint8',
    nodata: 255,
    overviews: 'nearest',
    descriptions: TRUTH_BANDS,
  });
  await writer.writeRows(bands);
  await writer.finish();
}

/** Reads all bands of a raster. */
export async function readBands(path) {
  const raster = await openRaster(path);
  try {
    const { width, height } = raster;
    const planes = await raster.readPlanes({
      window: { x: 0, y: 0, width, height },
      bands: raster.bands.map((band) => band.index),
    });
    return { width, height, planes };
  } finally {
    await raster.close();
  }
}

// Reads a case in every way that a careful program reads a file.
import { join } from 'node:path';
import { openCheckpointFile } from 'terrachip/inference';
import { openNpy, openRaster, openZarr } from 'terrachip/raster';
import { placeWays } from './read-places.js';

/** Largest side of the windows that are read. */
const SIDE = 256;

/** The raster of a case with a sidecar. */
export const RASTER = 'case.tif';

/** Most arrays of a store that are read. */
const MOST_ARRAYS = 4;

const windowAt = (x, y, width, height) => ({
  x: Math.max(0, Math.min(x, width - 1)),
  y: Math.max(0, Math.min(y, height - 1)),
  width: Math.min(SIDE, width - Math.max(0, Math.min(x, width - 1))),
  height: Math.min(SIDE, height - Math.max(0, Math.min(y, height - 1))),
});

/** Opens a raster, and reads its first block, one in the middle, its smallest overview and its mask. */
async function readRaster(path) {
  const raster = await openRaster(path);
  const outcomes = [];
  const attempt = async (work) => {
    try {
      await work();
    } catch (error) {
      outcomes.push(error);
    }
  };
  try {
    const { width, height } = raster;
    JSON.stringify([raster.metadata, raster.colourTable, raster.gcps, raster.crs?.name, raster.bands.length]);
    const count = raster.bands.length;
    const bands = [...new Set([1, Math.ceil(count / 2), count])];
    const first = windowAt(0, 0, width, height);
    await attempt(() => raster.readPlanes({ window: first, bands }));
    const middle = windowAt(Math.floor(width / 2) - 100, Math.floor(height / 2) - 100, width, height);
    await attempt(() => raster.readPlanes({ window: middle, bands }));
    await attempt(() => raster.readMask({ window: first }));
    const level = raster.overviews.length;
    if (level > 0) {
      const [columns, rows] = raster.overviews[level - 1];
      const window = windowAt(columns, rows, columns, rows);
      await attempt(() => raster.readPlanes({ window, bands, level }));
      await attempt(() => raster.readMask({ window, level }));
    }
    await attempt(() => raster.read({ window: first, bands: [1], resolution: 40 }));
  } finally {
    await raster.close();
  }
  return outcomes;
}

/** Reads the start and the middle of an array, a few indices along each axis. */
async function readArray(array) {
  if (array.dtype === null) return array.readText();
  const most = array.shape.length > 3 ? 8 : 64;
  const from = (start) =>
    array.shape.map((n, axis) => ({ start: start[axis], end: Math.min(n, start[axis] + most) }));
  await array.read(from(array.shape.map(() => 0)));
  return array.read(from(array.shape.map((n) => Math.floor(n / 2))));
}

async function readStore(group) {
  const outcomes = [];
  try {
    await group.attributes();
    for (const name of (await group.list()).slice(0, MOST_ARRAYS)) {
      try {
        const array = await group.array(name);
        if (array !== null) await readArray(array);
      } catch (error) {
        outcomes.push(error);
      }
    }
  } finally {
    await group.close();
  }
  return outcomes;
}

async function readNpy(path) {
  const array = await openNpy(path);
  try {
    await readArray(array);
  } finally {
    await array.close();
  }
  return [];
}

async function readCheckpoint(path) {
  const checkpoint = await openCheckpointFile(path);
  const outcomes = [];
  try {
    for (const { name, dtype } of checkpoint.tensors.values()) {
      if (!dtype.includes('float')) continue;
      try {
        await checkpoint.readFloat32(name);
      } catch (error) {
        outcomes.push(error);
      }
    }
  } finally {
    await checkpoint.close();
  }
  return outcomes;
}

/**
 * Reads a case in every way that its kind has.
 * @returns {Promise<{ opened: boolean, errors: unknown[] }>} the errors thrown
 */
export async function readCase(kind, path) {
  const ways = placeWays(kind, path) ?? [
    () =>
      kind === 'checkpoint' ? readCheckpoint(path) : readRaster(kind === 'pam' ? join(path, RASTER) : path),
  ];
  if (kind === 'zarr' || kind === 'zip') ways.unshift(async () => readStore(await openZarr(path)));
  if (kind === 'npy') ways.unshift(() => readNpy(path));
  const errors = [];
  let opened = false;
  for (const read of ways) {
    try {
      errors.push(...(await read()));
      opened = true;
    } catch (error) {
      errors.push(error);
    }
  }
  return { opened, errors };
}

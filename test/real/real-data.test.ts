import { readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { type Backend, CpuBackend } from '../../src/gpu/index.js';
import { createNodeWebGpuBackend } from '../../src/gpu/node/index.js';
import { openRaster, WarpedRaster } from '../../src/raster/node/index.js';
import { Rasterizer, readAreas } from '../../src/vector/node/index.js';
import { evaluateMap, infer, rasterizeFile } from '../../src/workflow/index.js';
import { webgpuProblem } from '../support/backends.js';
import { sharedFolder, sharedPath, temporaryFolder } from '../support/files.js';
import { localGradient, nearEdge, referenceWarp } from '../support/warp-reference.js';
import { buildZip } from '../support/zip.js';

/** Real Sentinel-1 chips and GDAL's results; not part of the project, so absent on most machines. */
const absent = sharedFolder === null;
const folder = await temporaryFolder();
const backends: ('cpu' | 'webgpu')[] = webgpuProblem === null ? ['cpu', 'webgpu'] : ['cpu'];

interface WarpTruth {
  source: string;
  band: number;
  resampling: 'nearest' | 'bilinear';
  dst_crs: string;
  width: number;
  height: number;
  transform: [number, number, number, number, number, number];
  dst_nodata: string;
}

/** A .npy file of float32 or int16 in C order. */
function readNpy(path: string): Float64Array {
  const bytes = readFileSync(path);
  const header = 10 + bytes.readUInt16LE(8);
  const isFloat = bytes.toString('latin1', 10, header).includes('<f4');
  const data = bytes.buffer.slice(bytes.byteOffset + header, bytes.byteOffset + bytes.byteLength);
  return Float64Array.from(isFloat ? new Float32Array(data) : new Int16Array(data));
}

describe.skipIf(absent)('GDAL’s warps of real rasters', () => {
  it.each(
    [
      'warp_S1VV_utm30_bilinear',
      'warp_S1VV_utm30_nearest',
      'warp_label_utm30_nearest',
      'warp_DEM_433D_3857_bilinear',
    ].flatMap((name) => backends.map((kind) => [name, kind] as const)),
  )('%s on %s', async (name, kind) => {
    const truth = JSON.parse(
      readFileSync(sharedPath('derived-reference', `${name}.json`), 'utf8'),
    ) as WarpTruth;
    const expected = readNpy(sharedPath('derived-reference', `${name}.npy`));
    const to = new GeoBox(truth.dst_crs, Affine.fromTuple(truth.transform), truth.width, truth.height);
    const raster = await openRaster(sharedPath(truth.source));
    const backend: Backend = kind === 'cpu' ? new CpuBackend() : await createNodeWebGpuBackend();
    const warped = new WarpedRaster(backend, raster, {
      geobox: to,
      resampling: truth.resampling,
      bands: [truth.band],
    });
    const plane = backend.allocate([to.height, to.width], 'float32');
    await warped.readRows({ start: 0, end: to.height }, [plane], 0);
    const result = await backend.download(plane);
    const [stored] = await raster.readPlanes({ bands: [truth.band] });
    const source = Float64Array.from(stored);
    if (raster.geobox === null) throw new Error('no grid');
    const { positions } = referenceWarp(source, raster.geobox, to, 'nearest');
    const gap = Number(truth.dst_nodata);
    const finite = source.filter(Number.isFinite).sort();
    const range = finite[finite.length - 1] - finite[0];
    let undecided = 0;
    for (let k = 0; k < result.length; k++) {
      const [x, y] = [positions[2 * k], positions[2 * k + 1]];
      // The label's −1 and GDAL's fill are both −1.
      const outside = !(x >= 0 && y >= 0 && x <= raster.width && y <= raster.height);
      const wanted = Object.is(expected[k], gap) && outside ? Number.NaN : expected[k];
      const sameGap = Number.isNaN(result[k]) === Number.isNaN(wanted);
      const difference = Number.isNaN(wanted) ? 0 : Math.abs(result[k] - wanted);
      const allowed =
        truth.resampling === 'nearest'
          ? 0
          : 1e-5 * range + 0.002 * localGradient(source, raster.width, raster.height, x, y);
      if (sameGap && difference <= allowed) continue;
      expect(nearEdge(x, y), `pixel ${k}: ${result[k]} for ${wanted}`).toBe(true);
      undecided++;
    }
    console.info(
      `${name} on ${kind}: ${undecided} of ${result.length} pixels within 1e-3 px of an edge differ`,
    );
    expect(undecided).toBeLessThan(result.length * 1e-3);
    plane.dispose();
    backend.dispose();
    await raster.close();
  });
});

/** Maps a scene on both backends and returns the first map's folder; the maps must agree. */
async function mapOnBoth(name: string, scene: object): Promise<string> {
  const path = join(folder, `${name}.json`);
  await writeFile(path, JSON.stringify(scene));
  const maps = [];
  for (const backend of backends) {
    const output = join(folder, `${name}-${backend}`);
    await infer({ scene: path, model: 'models/water-threshold', output, backend, threads: 0 });
    const raster = await openRaster(join(output, 'probability.tif'));
    maps.push(await raster.readPlanes());
    await raster.close();
  }
  for (const other of maps.slice(1)) {
    for (const [band, plane] of other.entries()) expect(plane).toBeCloseToArray(maps[0][band], 1e-4);
  }
  return join(folder, `${name}-cpu`);
}

describe.skipIf(absent)('water maps of real scenes', () => {
  it('Sen1Floods11, Spain, against its hand label', async () => {
    const s1 = sharedPath('eo/cloudtostreet__Sen1Floods11/S1/Spain_7370579_S1Hand.tif');
    const label = sharedPath('eo/cloudtostreet__Sen1Floods11/Labels/Spain_7370579_LabelHand.tif');
    const map = await mapOnBoth('spain', {
      schemaVersion: 1,
      grid: { crs: 'EPSG:32630', resolution: 10 },
      inputs: { S1RTC: { units: 'dB', phases: { event: { VV: { href: s1 }, VH: { href: s1, band: 2 } } } } },
    });
    const metrics = await evaluateMap({ map, label });
    const [, water] = metrics.classes;
    console.info(
      `Sen1Floods11 Spain_7370579: water IoU ${water.iou?.toFixed(3)}, precision ${water.precision?.toFixed(3)}, recall ${water.recall?.toFixed(3)} (Otsu on VV alone reaches IoU 0.567)`,
    );
    expect(water.iou).toBeGreaterThan(0.5);
    expect(metrics.pixelAccuracy).toBeGreaterThan(metrics.majorityClassAccuracy ?? 1);
  });

  it.each(['282D_485L_3_3', '38D_378R_2_3', '433D_629L_3_1'])('TerraMind’s example %s', async (tile) => {
    const s1 = sharedPath('eo/IBM__terramind/S1RTC', `${tile}.tif`);
    const map = await mapOnBoth(tile, {
      schemaVersion: 1,
      grid: { like: s1 },
      inputs: { S1RTC: { units: 'dB', phases: { event: { VV: { href: s1 }, VH: { href: s1, band: 2 } } } } },
    });
    const [source, classes] = await Promise.all([openRaster(s1), openRaster(join(map, 'classes.tif'))]);
    const [vv, vh] = await source.readPlanes();
    const [mapped] = await classes.readPlanes();
    // On its own grid the map is the formula of the model's card, pixel by pixel.
    let water = 0;
    for (let i = 0; i < mapped.length; i++) {
      const z = 0.584775 * (-38.5 - vv[i] - vh[i]);
      if (Math.abs(z) > 1e-3) expect(mapped[i]).toBe(z > 0 ? 1 : 0);
      water += mapped[i];
    }
    console.info(`TerraMind ${tile}: ${((100 * water) / mapped.length).toFixed(1)} % water`);
    await Promise.all([source.close(), classes.close()]);
  });
});

describe.skipIf(absent)('rasterio’s masks of a real flood (EMSR517)', () => {
  it.each([
    ['EMSR517_flood_mask.tif', false],
    ['EMSR517_flood_mask_alltouched.tif', true],
  ])('%s', async (name, allTouched) => {
    const vectors =
      'vector/CEMS_EMSR517/19.07.2021_EMSR517_json/EMSR517_AOI15_GRA_PRODUCT_observedEventA_r1_v1.json';
    const areas = await readAreas(sharedPath(vectors));
    const truth = await openRaster(sharedPath('derived-reference', name));
    const [wanted] = await truth.readPlanes();
    const rasterizer = new Rasterizer(areas, truth.geobox!, { allTouched });
    const ones = areas.features.map(() => 1);
    let differing = 0;
    for (let start = 0; start < truth.height; start += 500) {
      const rows = { start, end: Math.min(truth.height, start + 500) };
      const found = new Uint8Array((rows.end - start) * truth.width);
      rasterizer.burn(rows, found, ones);
      differing += found.filter((value, i) => value !== wanted[start * truth.width + i]).length;
    }
    await truth.close();
    expect(differing).toBe(0);
  });

  it('EMSR517_flood_mask.tif from the zip file of the activation', async () => {
    const layers = sharedPath('vector/CEMS_EMSR517/19.07.2021_EMSR517_json');
    const parts = (await readdir(layers)).map(async (name) => ({
      name: `EMSR517_AOI15_GRA_PRODUCT_r1_v1/${name}`,
      bytes: new Uint8Array(await readFile(join(layers, name))),
      deflate: true,
    }));
    const source = join(folder, 'EMSR517_AOI15_GRA_PRODUCT_r1_v1.zip');
    const destination = join(folder, 'label.tif');
    await writeFile(source, buildZip(await Promise.all(parts)));
    const like = sharedPath('derived-reference/EMSR517_flood_mask.tif');
    await rasterizeFile({ source, destination, grid: { like } });
    const [found, wanted] = await Promise.all([destination, like].map((path) => openRaster(path)));
    const [[pixels], [truth]] = await Promise.all([found.readPlanes(), wanted.readPlanes()]);
    expect(pixels.filter((value, k) => value !== truth[k])).toHaveLength(0);
    await Promise.all([found.close(), wanted.close()]);
  });
});

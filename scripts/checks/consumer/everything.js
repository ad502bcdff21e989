// The code that every kind of consumer runs: all entries, an EPSG code of the database, and a warp that needs threads.
import * as root from 'terrachip';
import * as archives from 'terrachip/archives';
import * as catalog from 'terrachip/catalog';
import * as geo from 'terrachip/geo';
import * as inference from 'terrachip/inference';
import * as io from 'terrachip/io';
import * as kernels from 'terrachip/kernels';
import * as raster from 'terrachip/raster';
import * as vector from 'terrachip/vector';

/** @returns {Promise<string>} a description of the environment; rejects if a result is wrong */
export async function useEverything() {
  const empty = Object.entries({
    root,
    archives,
    catalog,
    geo,
    inference,
    io,
    kernels,
    raster,
    vector,
  }).filter(([, entry]) => Object.keys(entry).length === 0);
  const { name } = geo.Crs.fromEpsg(2154);
  const backend = await kernels.createBackend({ backend: 'cpu', threads: 2 });
  const box = new geo.GeoBox('EPSG:2154', new geo.Affine(10, 0, 700_000, 0, -10, 6_600_000), 256, 256);
  const tile = { x: 0, y: 0, width: 256, height: 256 };
  const grid = new kernels.ControlGrid(kernels.createPixelMapping(box, box));
  const control = kernels.uploadControl(backend, grid.window(tile));
  const source = backend.upload(new Float32Array(256 * 256).fill(3), [256, 256]);
  const destination = backend.allocate([256, 256], 'float32');
  kernels.warp(backend, { source, sourceWindow: tile, control, tile, resampling: 'nearest', destination });
  const values = await backend.download(destination);
  const { threads } = backend.info;
  backend.dispose();
  if (empty.length > 0 || name !== 'RGF93 v1 / Lambert-93' || !values.every((value) => value === 3)) {
    throw new Error(`${empty} ${name} ${values[0]}`);
  }
  let missing = '';
  await io.openSource('nowhere.tif').catch((error) => {
    missing = error.code;
  });
  if (missing !== 'NOT_FOUND') throw new Error(`a missing file gave ${missing}`);
  return `everything works on ${threads} threads`;
}

/** Programs that must stay short. */
import { readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drawBackscatter } from '../../examples/canvas.js';
import { labelledChips } from '../../examples/labelled-chips.js';
import { ndviDifference } from '../../examples/ndvi-difference.js';
import { ownModel } from '../../examples/own-model.js';
import { requestNodeAdapter } from '../../src/gpu/node/index.js';
import { openRaster } from '../../src/raster/node/index.js';
import { webgpuProblem } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { writeModel } from '../support/models.js';
import { grid, pixels, writeTile } from './data.js';

const folder = await temporaryFolder();

it.each([
  ['ndvi-difference.ts', 10],
  ['labelled-chips.ts', 15],
  ['canvas.ts', 30],
  ['own-model.ts', 6],
])('%s has at most %i lines, imports and comments aside', (name, most) => {
  const code = readFileSync(`examples/${name}`, 'utf8').replace(/^import[^;]*;$/gm, '');
  expect(code.split('\n').filter((line) => !/^\s*($|\/\/|\/\*\*)/.test(line)).length).toBeLessThanOrEqual(
    most,
  );
});

it('computes the NDVI difference of two rasters', async () => {
  const box = grid(0, 0, 20, 10);
  const write = (name: string, red: number, nir: number) =>
    writeTile(join(folder, name), box, [pixels(box, (x) => (x < 3 ? 0 : red)), pixels(box, () => nir)]);
  // NDVI 600 / 1000 before and 200 / 1000 after; the first three columns have no data in red.
  const [before, after] = [await write('before.tif', 200, 800), await write('after.tif', 400, 600)];
  const { validPixels } = await ndviDifference(before, after, join(folder, 'difference.tif'));
  expect(validPixels).toEqual([17 * 10]);
  const raster = await openRaster(join(folder, 'difference.tif'));
  const [values] = await raster.readPlanes();
  await raster.close();
  expect([...values.slice(0, 5)]).toEqual([NaN, NaN, NaN, ...[-0.4, -0.4].map((v) => expect.closeTo(v, 6))]);
});

it('gives chips with burnt labels, reproducible by seed', async () => {
  const box = grid(0, 0, 60, 40);
  await writeTile(join(folder, 'image.tif'), box, [pixels(box, (x, y) => 1 + x + 100 * y)]);
  const [left, , right] = box.bounds;
  const ring = (x0: number, x1: number, [, bottom, , top]: readonly number[]) => [
    [x0, bottom],
    [x1, bottom],
    [x1, top],
    [x0, top],
    [x0, bottom],
  ];
  // Class 3 in the western half, in the image's own CRS.
  const feature = {
    type: 'Feature',
    properties: { crop: 3 },
    geometry: { type: 'Polygon', coordinates: [ring(left, (left + right) / 2, box.bounds)] },
  };
  const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::32631' } };
  const polygons = join(folder, 'crops.geojson');
  await writeFile(polygons, JSON.stringify({ type: 'FeatureCollection', crs, features: [feature] }));

  const drawn: Float32Array[] = [];
  for (const seed of [7, 7, 8]) {
    const images: number[] = [];
    for await (const { items, arrays } of labelledChips(join(folder, 'image.tif'), polygons, 'crop', seed)) {
      // Typed without a cast.
      const [image, label]: [Float32Array, Uint8Array] = [arrays.image.data, arrays.label.data];
      expect(arrays.label.shape).toEqual([items.length, 16, 16]);
      image.forEach((value, i) => {
        if (!Number.isNaN(value)) expect(label[i]).toBe((value - 1) % 100 < 30 ? 3 : 0);
      });
      images.push(...image);
    }
    drawn.push(Float32Array.from(images));
  }
  expect(drawn[0].length).toBe(10 * 256);
  expect(drawn[1]).toEqual(drawn[0]);
  expect(drawn[2]).not.toEqual(drawn[0]);
});

it('maps an image with an ONNX model of one’s own', async () => {
  const box = grid(0, 0, 40, 30);
  const image = await writeTile(join(folder, 'reflectance.tif'), box, [
    pixels(box, (x) => 1 + x),
    pixels(box, (_, y) => 1 + y),
  ]);
  const weights = [0.2, -0.1];
  const model = await writeModel(join(folder, 'net'), {
    inputs: [{ name: 'x', bands: ['red', 'nir'], kind: 'temporal', weights }],
  });
  const onnx = join(folder, 'net.onnx');
  await copyFile(join(model, 'model.onnx'), onnx);
  const map = await ownModel(onnx, ['red', 'nir'], image, join(folder, 'imported'));
  expect(map.shape).toEqual([2, 30, 40]);
  // The logits are 0 and 0.2 · red − 0.1 · nir.
  const expected = Array.from({ length: 40 * 30 }, (_, i) => {
    const z = 0.2 * (1 + (i % 40)) - 0.1 * (1 + Math.floor(i / 40));
    return 1 / (1 + Math.exp(-z));
  });
  expect(map.data.subarray(40 * 30)).toBeCloseToArray(expected, 1e-6);
});

describe.skipIf(webgpuProblem !== null)('kernels on a canvas (webgpu)', () => {
  it('draw from their own buffer', async () => {
    const { adapter } = await requestNodeAdapter();
    const device = await adapter.requestDevice();
    const [width, height] = [64, 4];
    const [COPY_SRC, RENDER_ATTACHMENT, COPY_DST, MAP_READ] = [1, 16, 8, 1];
    const texture = device.createTexture({
      size: [width, height],
      format: 'rgba8unorm',
      usage: COPY_SRC | RENDER_ATTACHMENT,
    });
    const context = {
      canvas: { width, height },
      configure: () => undefined,
      getCurrentTexture: () => texture,
    };
    // From -32 dB to -0.5 dB along a row.
    const decibel = (x: number): number => -32 + x / 2;
    const power = Float32Array.from({ length: width * height }, (_, i) => 10 ** (decibel(i % width) / 10));
    drawBackscatter(device, context as object as GPUCanvasContext, power);
    const staging = device.createBuffer({ size: 4 * width * height, usage: COPY_DST | MAP_READ });
    const encoder = device.createCommandEncoder();
    encoder.copyTextureToBuffer({ texture }, { buffer: staging, bytesPerRow: 4 * width }, [width, height]);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    const shown = new Uint8Array(staging.getMappedRange().slice(0));
    for (let i = 0; i < width * height; i++) {
      const grey = 255 * Math.min(1, Math.max(0, (decibel(i % width) + 25) / 25));
      expect(Math.abs(shown[4 * i] - grey)).toBeLessThanOrEqual(1);
      expect([shown[4 * i + 1], shown[4 * i + 2], shown[4 * i + 3]]).toEqual([
        shown[4 * i],
        shown[4 * i],
        255,
      ]);
    }
    device.destroy();
  });
});

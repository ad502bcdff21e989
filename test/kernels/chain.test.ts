import { expect, it } from 'vitest';
import { Affine, ControlGrid, createPixelMapping, GeoBox } from '../../src/geo/node/index.js';
import type { Backend, BackendCounters } from '../../src/gpu/index.js';
import {
  decibelToLinear,
  linearToDecibel,
  nodataToNaN,
  softmax,
  uploadControl,
  validMask,
  warp,
} from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';
import { randomValues } from '../support/random.js';

type Work = Pick<
  BackendCounters,
  'dispatches' | 'uploads' | 'submits' | 'downloads' | 'uploadedBytes' | 'downloadedBytes'
>;

/** The counters of a task. */
async function workOf(backend: Backend, task: () => Promise<void>): Promise<Work> {
  const before = { ...backend.counters };
  await task();
  const after = backend.counters;
  const added = (key: keyof Work): number => after[key] - before[key];
  return {
    dispatches: added('dispatches'),
    uploads: added('uploads'),
    submits: added('submits'),
    downloads: added('downloads'),
    uploadedBytes: added('uploadedBytes'),
    downloadedBytes: added('downloadedBytes'),
  };
}

const box = new GeoBox(32632, new Affine(10, 0, 0, 0, -10, 0), 40, 30);
const tile = { x: 0, y: 0, width: 40, height: 30 };

describeBackends('a chain of kernels', (backend) => {
  it.each([1, 2, 5, 20])('%i in place: one upload, one submit, one readback', async (pairs) => {
    const device = backend();
    const work = await workOf(device, async () => {
      const values = device.upload(randomValues(3, 1200, 0.1, 2));
      for (let i = 0; i < pairs; i++) {
        linearToDecibel(device, values);
        decibelToLinear(device, values);
      }
      await device.download(values);
      values.dispose();
    });
    expect(work).toEqual({
      dispatches: 2 * pairs,
      uploads: 1,
      submits: 1,
      downloads: 1,
      uploadedBytes: 4800,
      downloadedBytes: 4800,
    });
  });

  it('with tensors made and disposed of in between: the same counts', async () => {
    const device = backend();
    let valid = 0;
    const work = await workOf(device, async () => {
      const stored = device.upload(
        Int16Array.from({ length: 1200 }, (_, i) => (i % 7 === 0 ? -9999 : i + 1)),
      );
      const power = nodataToNaN(device, stored, { nodata: -9999 });
      stored.dispose();
      linearToDecibel(device, power);
      const mask = device.allocate([1200], 'uint8');
      validMask(device, [power], mask);
      power.dispose();
      const values = await device.download(mask);
      mask.dispose();
      valid = Float64Array.from(values).reduce((sum, value) => sum + value);
    });
    expect(valid).toBe(1200 - Math.ceil(1200 / 7));
    expect(work).toMatchObject({ dispatches: 3, uploads: 1, submits: 1, downloads: 1 });
    expect(work).toMatchObject({ uploadedBytes: 2400, downloadedBytes: 1200 });
  });

  it('with a warp: only the control grid is uploaded in addition', async () => {
    const device = backend();
    const window = new ControlGrid(createPixelMapping(box, box)).window(tile);
    const work = await workOf(device, async () => {
      const stored = device.upload(
        Uint16Array.from({ length: 1200 }, (_, i) => i),
        [30, 40],
      );
      const control = uploadControl(device, window);
      const source = nodataToNaN(device, stored, { nodata: 0, scale: 1e-4 });
      const destination = device.allocate([1, 2, 600], 'float32');
      warp(device, {
        source,
        sourceWindow: tile,
        control,
        tile,
        resampling: 'bilinear',
        destination,
      });
      softmax(device, destination);
      await device.download(destination);
      for (const tensor of [stored, source, destination, control.cells, control.table]) tensor.dispose();
    });
    expect(work).toMatchObject({ dispatches: 3, uploads: 3, submits: 1, downloads: 1 });
    expect(work.uploadedBytes).toBe(2400 + window.cells.byteLength + window.table.byteLength);
    expect(work.downloadedBytes).toBe(4800);
  });

  it('later uploads do not change earlier commands', async () => {
    const device = backend();
    // Freed memory is reused at once, while kernels that read it may not have run.
    const sums: number[] = [];
    for (let k = 1; k <= 8; k++) {
      const first = device.upload(new Float32Array(1000).fill(10 ** k));
      linearToDecibel(device, first);
      const result = device.allocate([1000], 'float32');
      device.copy(first, 0, result, 0, 1000);
      first.dispose();
      const second = device.upload(new Float32Array(1000).fill(1));
      linearToDecibel(device, second);
      second.dispose();
      const values = await device.download(result);
      sums.push(values[0], values[999]);
      result.dispose();
    }
    expect(sums).toBeCloseToArray(
      [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8].map((k) => 10 * k),
      1e-3,
    );
  });

  it('long chains submit in between, so that disposed memory is reused', async () => {
    const device = backend();
    const work = await workOf(device, async () => {
      for (let k = 0; k < 20; k++) {
        const values = device.allocate([2 ** 21], 'float32');
        linearToDecibel(device, values);
        values.dispose();
      }
    });
    // 160 MiB in tensors of 8 MiB: a submit after every ninth. The CPU backend runs at once.
    expect(work.submits).toBe(device.info.kind === 'webgpu' ? 2 : 0);
    await device.submit();
  });
});

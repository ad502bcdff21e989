import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
// The built package: worker threads cannot run TypeScript.
import {
  Affine,
  type Backend,
  ControlGrid,
  createBackend,
  createPixelMapping,
  GeoBox,
  nodataToNaN,
  uploadControl,
  warp,
} from 'terrachip/kernels';
import { afterAll, describe, expect, it } from 'vitest';
import { randomValues } from '../support/random.js';

const from = new GeoBox(32631, new Affine(10, 0, 697000, 0, -10, 5000400), 700, 600);
const to = new GeoBox(32632, new Affine(10, 0, 223900, 0, -10, 5001800), 720, 640);

async function warped(backend: Backend): Promise<Buffer> {
  const tile = { x: 0, y: 0, width: to.width, height: to.height };
  const control = uploadControl(backend, new ControlGrid(createPixelMapping(to, from)).window(tile));
  const stored = backend.upload(randomValues(2, from.width * from.height, -1, 1, 0.02), [
    from.height,
    from.width,
  ]);
  const source = nodataToNaN(backend, stored, { nodata: -9999, scale: 2 });
  const destination = backend.allocate([to.height, to.width], 'float32');
  const sourceWindow = { x: 0, y: 0, width: from.width, height: from.height };
  warp(backend, { source, sourceWindow, control, tile, resampling: 'bilinear', destination });
  const result = await backend.download(destination);
  return Buffer.from(result.buffer);
}

describe('worker threads', async () => {
  const alone = await createBackend({ backend: 'cpu', threads: 0 });
  const three = await createBackend({ backend: 'cpu', threads: 3 });
  afterAll(() => {
    alone.dispose();
    three.dispose();
  });

  it('give the same bytes as one thread', async () => {
    expect(three.info.threads).toBe(3);
    expect(Buffer.compare(await warped(three), await warped(alone))).toBe(0);
  });

  it('let the process exit without dispose', async () => {
    const script = `
      import { createBackend, linearToDecibel } from 'terrachip/kernels';
      const backend = await createBackend({ backend: 'cpu', threads: 2 });
      const tensor = backend.upload(new Float32Array(200000).fill(10));
      linearToDecibel(backend, tensor);
      console.log((await backend.download(tensor))[199999]);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 20_000,
    });
    expect(stdout.trim()).toBe('10');
  });
});

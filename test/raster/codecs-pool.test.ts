import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// The built package: worker threads cannot run TypeScript.

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'terrachip-pool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a module in a new process; `path` is an image of 600 × 700 pixels whose blocks are decoded in threads. */
async function script(body: string): Promise<string> {
  const program = `
    import { deflateSync } from 'node:zlib';
    import { truncateSync, writeFileSync } from 'node:fs';
    import { Affine, GeoBox } from 'terrachip/geo';
    import { openRaster, writeCog } from 'terrachip/raster';
    const [width, height, rows] = [600, 700, 100];
    const strips = Array.from({ length: height / rows }, (_, k) => {
      const pixels = new Uint16Array(width * rows).map((_, i) => (k * width * rows + i) % 65521);
      return deflateSync(new Uint8Array(pixels.buffer));
    });
    const tags = [[256, 4, 1, width], [257, 4, 1, height], [258, 3, 1, 16], [259, 3, 1, 8], [262, 3, 1, 1],
      [273, 4, strips.length, 200], [277, 3, 1, 1], [278, 4, 1, rows], [279, 4, strips.length, 200 + 4 * strips.length]];
    const head = Buffer.alloc(200 + 8 * strips.length);
    head.write('II*\\0', 'latin1');
    head.writeUInt32LE(8, 4);
    head.writeUInt16LE(tags.length, 8);
    tags.forEach(([tag, type, count, value], i) => {
      head.writeUInt16LE(tag, 10 + 12 * i);
      head.writeUInt16LE(type, 12 + 12 * i);
      head.writeUInt32LE(count, 14 + 12 * i);
      head.writeUInt32LE(value, 18 + 12 * i);
    });
    let offset = head.length;
    strips.forEach((strip, k) => {
      head.writeUInt32LE(offset, 200 + 4 * k);
      head.writeUInt32LE(strip.length, 200 + 4 * strips.length + 4 * k);
      offset += strip.length;
    });
    const path = ${JSON.stringify(join(folder, 'strips.tif'))};
    const write = () => writeFileSync(path, Buffer.concat([head, ...strips]));
    ${body}`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { timeout: 50_000 });
  return stdout.trim();
}

describe('decoding threads', () => {
  it('decode blocks, and let the process exit without a close', async () => {
    const output = await script(`
      write();
      const [plane] = await (await openRaster(path)).readPlanes();
      console.log(plane.every((value, i) => value === i % 65521));`);
    expect(output).toBe('true');
  });

  /** The results of one process, by test. */
  let found: Record<string, unknown> = {};
  beforeAll(async () => {
    found = JSON.parse(
      await script(`
        const found = {};
        const whole = strips[6];
        strips[6] = Buffer.from(whole).fill(77, 2);
        write();
        const damaged = await openRaster(path);
        const problem = await damaged.readPlanes().catch((error) => error.code);
        const [corner] = await damaged.readPlanes({ window: { x: 0, y: 0, width: 10, height: 100 } });
        await damaged.close();
        found.damaged = [problem, corner[9]];

        strips[6] = whole;
        write();
        const raster = await openRaster(path);
        const abort = new AbortController();
        const reading = raster.readPlanes({ signal: abort.signal }).catch((error) => error.name);
        setTimeout(() => abort.abort(), 1);
        const outcome = await reading;
        const [plane] = await raster.readPlanes();
        await raster.close();
        found.aborted = [outcome === 'AbortError' || Array.isArray(outcome), plane[5]];

        const shrinking = await openRaster(path);
        truncateSync(path, 300);
        found.shrunk = await shrinking.readPlanes().catch((error) => error.message);
        await shrinking.close();

        const geobox = new GeoBox(32632, new Affine(10, 0, 500000, 0, -10, 5500000), 700, 600);
        const data = Float32Array.from({ length: 700 * 600 }, (_, i) => Math.sin(i / 9) * (i % 700));
        found.written = [];
        // The predictor of the larger tiles, of 4 MiB, is undone in several steps.
        for (const [compression, blockSize] of [['deflate', 512], ['zstd', 1024]]) {
          await writeCog(path, [data], { geobox, bands: 1, dtype: 'float32', compression, blockSize });
          const cog = await openRaster(path);
          const [values] = await cog.readPlanes();
          found.written.push(cog.compression, cog.predictor, values.every((value, i) => value === data[i]));
          await cog.close();
        }
        console.log(JSON.stringify(found));`),
    );
  });

  it('report a damaged block and continue', () => {
    expect(found.damaged).toEqual(['INVALID_INPUT', 9]);
  });

  it('stop waiting for aborted blocks', () => {
    expect(found.aborted).toEqual([true, 5]);
  });

  it('name a file that shrinks while it is open', () => {
    expect(found.shrunk).toMatch(
      /strips\.tif is not a readable TIFF \(a block .*: the file shrank while it was being read\)/,
    );
  });

  it('decode a block of a file into given memory', async () => {
    const output = await script(`
      import { openSync } from 'node:fs';
      import { pathToFileURL } from 'node:url';
      import { Worker } from 'node:worker_threads';
      write();
      const coding = { compression: 8, predictor: 1, littleEndian: true, reversedBits: false, photometric: 1, width,
        height: rows, samples: 1, dtype: 'uint16', rowBytes: 2 * width, rowsTogether: 1, bytesPerSample: 2,
        bytesPerWord: 2, jpegTables: null, lercCompression: 0, jpeg2000: null };
      const bytes = strips[0].length;
      const places = { offsets: [head.length], byteCounts: [bytes], bytes };
      const target = new Uint8Array(new ArrayBuffer(131_072), 0, 2 * width * rows);
      const request = { coding, descriptor: openSync(path), places, rows: [rows], target };
      const worker = new Worker(pathToFileURL('dist/raster/node/codecs/worker.js'), { execArgv: [] });
      worker.once('message', ({ result }) => {
        const pixels = new Uint16Array(result.buffer, 0, width * rows);
        console.log(result.buffer.byteLength, result.length, pixels.every((value, i) => value === i));
        void worker.terminate();
      });
      worker.postMessage({ id: 1, request }, [target.buffer]);`);
    expect(output).toBe('131072 120000 true');
  });

  it('compress the tiles of a COG, whose pixels are read back', () => {
    expect(found.written).toEqual(['deflate', 3, true, 'zstd', 3, true]);
  });
});

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import type * as PortableCatalog from '../src/catalog/index.js';
import { GeoCatalog, writeCatalog } from '../src/catalog/node/index.js';
import type * as PortableEpsg from '../src/geo/common-epsg.js';
import rows from '../src/geo/common-epsg.json' with { type: 'json' };
import type * as PortableGeo from '../src/geo/index.js';
import { Crs, createTransform } from '../src/geo/node/index.js';
import type { DeviceTensor } from '../src/gpu/index.js';
import type * as PortableInference from '../src/inference/index.js';
import type * as PortableKernels from '../src/kernels/index.js';
import type * as PortableRaster from '../src/raster/index.js';
import { openRaster as openInNode } from '../src/raster/node/index.js';
import { catalogRow, idsOf } from './support/catalog.js';
import { temporaryFolder } from './support/files.js';
import { writeModel } from './support/models.js';
import { serveFolder } from './support/stores.js';

const folder = await temporaryFolder();

/** Bundles a module that imports entry points for browsers, and returns the bundler's messages and the files. */
async function bundle(...entries: string[]): Promise<{ problems: string[]; files: string[]; code: string }> {
  const result = await build({
    stdin: {
      contents: entries.map((entry) => `export * from '${entry}';`).join('\n'),
      resolveDir: process.cwd(),
    },
    // Package names resolve to the build, as for users.
    tsconfigRaw: {},
    bundle: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  }).catch((error: { errors: { text: string }[] }) => error);
  if ('errors' in result && result.errors.length > 0)
    return { problems: result.errors.map(({ text }) => text), files: [], code: '' };
  if (!('metafile' in result)) throw new Error('esbuild gave nothing');
  return { problems: [], files: Object.keys(result.metafile.inputs), code: result.outputFiles[0].text };
}

describe('a bundle for browsers', () => {
  it.each(
    ['geo', 'kernels', 'io', 'raster', 'vector', 'catalog', 'inference'].map((room) => `terrachip/${room}`),
  )('%s does not import Node', async (entry) => {
    const { problems, files } = await bundle(entry);
    expect(problems).toEqual([]);
    expect(files).toContain(`dist/${entry.slice('terrachip/'.length)}/index.js`);
    expect(files.filter((file) => /(^|\/)node\//.test(file))).toEqual([]);
  });

  /** The bundle of a page that imports entry points. */
  async function load<Entry>(...rooms: string[]): Promise<Entry> {
    const page = join(folder, `${rooms.join('-').replace('/', '-')}.mjs`);
    await writeFile(page, (await bundle(...rooms.map((room) => `terrachip/${room}`))).code);
    return (await import(pathToFileURL(page).href)) as Entry;
  }

  it('reprojects as Node does, with the common EPSG codes registered', async () => {
    const geo = await load<typeof PortableGeo & typeof PortableEpsg>('geo', 'geo/epsg');
    expect(() => geo.Crs.fromEpsg(2154)).toThrow(/not a known/);
    geo.registerCommonEpsg();
    for (const [code] of rows) {
      const [x, y] = createTransform(Crs.fromEpsg(Number(code)), Crs.wgs84).forward(400_000, 5_000_000);
      const place = geo
        .createTransform(geo.Crs.fromEpsg(Number(code)), geo.Crs.wgs84)
        .forward(400_000, 5_000_000);
      expect(place).toEqual([x, y]);
    }
  });

  it('queries a catalog on a server', async () => {
    const rows = Array.from({ length: 9 }, (_, k) =>
      catalogRow(`scene-${k}`, [k, 49, k + 1, 50], `2021-07-0${k + 1}`),
    );
    await writeCatalog(GeoCatalog.from(rows), join(folder, 'scenes.parquet'));
    const { openCatalog } = await load<typeof PortableCatalog>('catalog');
    const { url } = await serveFolder(folder);
    const file = await openCatalog(`${url}/scenes.parquet`);
    expect(file.hasIndex).toBe(true);
    const found = await file.query({ geometry: [2.5, 49.2, 4.5, 49.4], interval: '2021-07-04/..' });
    expect(idsOf(found)).toEqual(['scene-3', 'scene-4']);
    await file.dispose();
    await expect(openCatalog(join(folder, 'scenes.parquet'))).rejects.toThrow(/paths are for Node/);
  });

  it('reads a COG on a server, and loads rows of a catalog from it', async () => {
    const { url } = await serveFolder('test/fixtures/geotiff');
    const href = `${url}/overviews-uint8.tif`;
    const inNode = await openInNode('test/fixtures/geotiff/overviews-uint8.tif');
    const expected = await inNode.readPlanes();
    await inNode.close();
    const { openRaster, gridFootprint, loadRaster } = await load<
      typeof PortableRaster & typeof PortableCatalog
    >('raster', 'catalog');
    const raster = await openRaster(href);
    expect(raster.compression).toBe('deflate');
    expect(await raster.readPlanes()).toEqual(expected);
    const { geobox } = raster;
    if (geobox === null) throw new Error('the fixture has no place');
    const footprint = gridFootprint(geobox, 'scene');
    const row = catalogRow('scene', footprint, undefined, { href, assets: { data: { href } } });
    const { data } = await loadRaster([row], geobox);
    expect(Array.from(data)).toEqual(Array.from(expected[0]));
    await raster.close();
    await expect(openRaster('overviews-uint8.tif')).rejects.toThrow(/paths are for Node/);
    await expect(openRaster(`${url}/truth.json`)).rejects.toThrow(/is no GeoTIFF; give a GeoTIFF/);
  });

  it('runs a model on a runtime that the page provides', async () => {
    // The second class's logit of each pixel is 2 (x - 1) / 4 + 3.
    const input = { name: 'A', bands: ['x'], kind: 'static' as const, weights: [2], mean: [1], std: [4] };
    const path = await writeModel(join(folder, 'model'), { inputs: [input], size: 8, stride: 8, bias: 3 });
    const { parseModelSpec, ModelSession, SceneStrips, ChipBatch, CpuBackend, createChipLayout } = await load<
      typeof PortableInference & typeof PortableKernels & typeof PortableGeo
    >('inference', 'kernels', 'geo');
    const spec = parseModelSpec(JSON.parse(await readFile(join(path, 'model.json'), 'utf8')), 'model.json');
    const runtime = await import('onnxruntime-web');
    runtime.env.wasm.numThreads = 1;
    const graph = await readFile(join(path, 'model.onnx'));
    const session = await ModelSession.create(runtime, graph, spec, { provider: 'wasm' });
    const backend = new CpuBackend();
    const pixels = Float32Array.from({ length: 64 }, (_, k) => k - 20);
    const image = {
      input: spec.inputs[0],
      phase: undefined,
      readRows: async (_: unknown, [plane]: readonly DeviceTensor[]) => backend.write(plane, pixels),
    };
    const batch = new ChipBatch(backend, spec, 2);
    batch.add(await new SceneStrips(backend, spec, [image], createChipLayout(8, 8, 8, 8)).under(0), [0]);
    const logits = await batch.run(session);
    expect(logits.shape).toEqual([2, 2, 8, 8]);
    const found = (await backend.download(logits)).subarray(64, 128);
    expect(found).toBeCloseToArray(
      pixels.map((x) => (2 * (x - 1)) / 4 + 3),
      1e-6,
    );
    await session.dispose();
    backend.dispose();
  });

  it('fails to build when an import needs Node', async () => {
    const { problems } = await bundle('terrachip/raster/node');
    expect(problems.join()).toMatch(/Could not resolve "node:/);
  });
});

/** Warps 256 × 256 threes, enough for worker threads, onto their own grid in a French CRS. */
const PROGRAM = `
  import { Affine, ControlGrid, createBackend, createPixelMapping, GeoBox, uploadControl, warp } from 'terrachip/kernels';
  export async function warpThrees() {
    const backend = await createBackend({ backend: 'cpu', threads: 2 });
    const box = new GeoBox('EPSG:2154', new Affine(10, 0, 700000, 0, -10, 6600000), 256, 256);
    const tile = { x: 0, y: 0, width: 256, height: 256 };
    const control = uploadControl(backend, new ControlGrid(createPixelMapping(box, box)).window(tile));
    const source = backend.upload(new Float32Array(256 * 256).fill(3), [256, 256]);
    const destination = backend.allocate([256, 256], 'float32');
    warp(backend, { source, sourceWindow: tile, control, tile, resampling: 'nearest', destination });
    const values = await backend.download(destination);
    console.log(JSON.stringify([box.crs.name, backend.info.threads, values.every((value) => value === 3)]));
    backend.dispose();
  }
  void warpThrees();
`;

describe('a bundle for Node', () => {
  const bundleInto = async (outfile: string, format: 'esm' | 'cjs', external: string[]): Promise<void> => {
    await build({
      stdin: { contents: PROGRAM, resolveDir: process.cwd() },
      tsconfigRaw: {},
      bundle: true,
      platform: 'node',
      format,
      external,
      outfile,
      logLevel: 'silent',
    });
  };

  it.each([
    ['esm', 'all in it', [], 0],
    ['cjs', 'all in it', [], 0],
    ['esm', 'terrachip beside it', ['terrachip'], 2],
  ] as const)(
    'as %s with %s has every EPSG code, and warps in worker threads',
    async (format, _, external, threads) => {
      // A build folder beside the packages; another package's workers have the same name.
      await mkdir('.cache', { recursive: true });
      const place = await mkdtemp(join(process.cwd(), '.cache', 'bundle-'));
      try {
        const file = join(place, format === 'esm' ? 'program.mjs' : 'program.cjs');
        await bundleInto(file, format, [...external]);
        await writeFile(join(place, 'worker.js'), 'throw new Error("not ours");');
        const { stdout, stderr } = await promisify(execFile)(process.execPath, [file]);
        expect(JSON.parse(stdout)).toEqual(['RGF93 v1 / Lambert-93', threads, true]);
        if (threads === 0) expect(stderr).toMatch(/TERRACHIP_BUNDLED.*external: \["terrachip"\]/);
        else expect(stderr).toBe('');
      } finally {
        await rm(place, { recursive: true });
      }
    },
  );

  it('gives a remedy when the database of EPSG codes is missing', async () => {
    const file = join(folder, 'program.mjs');
    await bundleInto(file, 'esm', []);
    const failed = promisify(execFile)(process.execPath, [file]);
    await expect(failed).rejects.toThrow(/EPSG:2154 is in the package epsg-index, .*keep terrachip out of/);
  });
});

describe('the size of a page', () => {
  it.each([
    [
      'the warp of kernels, with its grids and both backends',
      72,
      'kernels',
      'warp, uploadControl, ControlGrid, createPixelMapping, GeoBox, CpuBackend, WebGpuBackend',
    ],
    ['GeoBox', 50, 'geo', 'GeoBox'],
    // The checks of a kernel's arguments come with the kernel.
    ['the CPU backend', 3.2, 'kernels', 'CpuBackend'],
  ])('of %s is at most %d kB, gzipped', async (_, kilobytes, room, names) => {
    const result = await build({
      stdin: { contents: `export { ${names} } from 'terrachip/${room}';`, resolveDir: process.cwd() },
      tsconfigRaw: {},
      bundle: true,
      minify: true,
      platform: 'browser',
      format: 'esm',
      write: false,
    });
    expect(gzipSync(result.outputFiles[0].contents).length).toBeLessThanOrEqual(kilobytes * 1000);
  });
});

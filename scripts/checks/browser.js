// npm run check:browser: a bundle of terrachip/kernels and terrachip/raster runs in Chromium. It warps on WebGPU and on
// the CPU, reads a COG over HTTP and draws it on a canvas. A second page maps a scene, and a tensor of it, by
// terrachip/inference with onnxruntime-web. All results are compared with Node's.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { installChromium, launchChromium } from './browser/chromium.js';
import { checkReport } from './browser/report.js';
import { checkView } from './browser/view.js';
import { Checklist, installProject, root, run } from './support.js';

/** The file that the page reads; browser/cog.js repeats its name. */
const SCENE = 'scene.tif';

const PAGE = join(root, 'scripts', 'checks', 'browser', 'page.js');
const MODEL_PAGE = join(root, 'scripts', 'checks', 'browser', 'model-page.js');
const MODEL = join(root, 'models', 'demo-water-s1');
const RUNTIME = 'onnxruntime-web/ort-wasm-simd-threaded.wasm';
const TIMEOUT_MS = 120_000;

/** Tolerance of probabilities: WebAssembly and native code sum convolutions in a different order. */
const MODEL_TOLERANCE = 1e-5;

/** Tolerance of interpolated values, as a share of the source's range; everything else is bit-identical. */
const TOLERANCE = 1e-6;

/** A content security policy for the page's own files and WebAssembly (decoders, onnxruntime-web), without `eval`. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

/** Bundles a page with the export conditions `browser` and `default`. */
async function bundle(page) {
  const { build } = await import('esbuild');
  const { outputFiles, metafile } = await build({
    entryPoints: [page],
    absWorkingDir: root,
    // Resolve the package to dist, not to the sources of tsconfig.json.
    tsconfigRaw: {},
    bundle: true,
    platform: 'browser',
    format: 'esm',
    // Dynamic imports, such as codecs, become separate files.
    splitting: true,
    outdir: '/',
    entryNames: 'page',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    write: false,
    metafile: true,
    // Kept, so that a check below can name the importing file.
    external: ['node:*'],
  });
  const importers = Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
    imports.filter(({ external }) => external).map(({ path }) => `${file} imports ${path}`),
  );
  const files = new Map(outputFiles.map(({ path, text }) => [path, text]));
  return { files, code: [...files.values()].join('\n'), importers };
}

/**
 * Serves a page and its assets, opens it in Chromium, and collects the results that it posts.
 * @param {Map<string, string>} files of the bundle
 * @param {Map<string, Buffer>} assets
 * @returns {Promise<Map<string, Buffer>>} results by name
 */
async function runPage(files, assets) {
  const results = new Map();
  let settle;
  const finished = new Promise((resolve, reject) => {
    settle = { resolve, reject };
  });
  const server = createServer(async (request, response) => {
    response.setHeader('Content-Security-Policy', POLICY);
    if (request.method === 'POST') {
      const name = request.url.replace('/results/', '');
      results.set(name, await buffer(request));
      response.end();
      if (name === 'done') settle.resolve();
      if (name === 'failed') settle.reject(new Error(String(results.get(name))));
    } else if (files.has(request.url)) {
      response.setHeader('Content-Type', 'text/javascript; charset=utf-8');
      response.end(files.get(request.url));
    } else if (assets.has(request.url)) {
      if (request.url.endsWith('.wasm')) response.setHeader('Content-Type', 'application/wasm');
      if (request.headers.range === undefined) {
        response.end(assets.get(request.url));
      } else {
        ranges.push(request.headers.range);
        sendRange(response, assets.get(request.url), request.headers.range);
      }
    } else {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end('<!doctype html><title>terrachip</title><script type="module" src="/page.js"></script>');
    }
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const timeout = setTimeout(() => settle.reject(new Error(`no answer in ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  let browser;
  try {
    browser = await launchChromium();
    const page = await browser.newPage();
    // The page cannot catch its own loading errors.
    page.on('pageerror', settle.reject);
    page.on('console', (message) => {
      if (message.type() === 'error') settle.reject(new Error(message.text()));
    });
    await Promise.all([page.goto(`http://127.0.0.1:${server.address().port}/`), finished]);
  } finally {
    clearTimeout(timeout);
    await browser?.close();
    server.close();
  }
  return results;
}

/** Answers a request for a part of a file. */
function sendRange(response, content, range) {
  const [, from, to] =
    /^bytes=(\d+)-(\d+)$/.exec(range) ?? assert.fail(`the page asks for the range ${range}`);
  const [start, end] = [Number(from), Math.min(Number(to) + 1, content.length)];
  response.writeHead(206, { 'Content-Range': `bytes ${start}-${end - 1}/${content.length}` });
  response.end(content.subarray(start, end));
}

/** Writes a deflated COG with predictor, tiles and overviews: smooth values with noise and a gap. */
async function writeScene(path) {
  const { GeoBox } = await import('terrachip/geo');
  const { writeCog } = await import('terrachip/raster');
  const geobox = GeoBox.fromSize([716_000, 5_486_000, 728_000, 5_498_000], 32631, 1200, 1200);
  const values = Uint16Array.from({ length: geobox.pixelCount }, (_, i) => {
    const [x, y] = [i % geobox.width, Math.floor(i / geobox.width)];
    const isGap = x > 400 && x < 620 && y > 500 && y < 640;
    return isGap ? 0 : 500 + 2 * x + y + ((x * 7919 + y * 104_729) % 99);
  });
  await writeCog(path, [values], { geobox, bands: 1, dtype: 'uint16', nodata: 0, blockSize: 256 });
}

/** @param {Buffer | undefined} bytes */
function floats(bytes) {
  assert.ok(bytes, 'the page did not send this result');
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/** Requires equal masks, and values within a share of the range. @returns a summary */
function compare(received, expected, range, tolerance) {
  assert.equal(received.length, expected.length);
  let worst = 0;
  let valid = 0;
  for (let i = 0; i < expected.length; i++) {
    assert.equal(Number.isNaN(received[i]), Number.isNaN(expected[i]), `masks differ at ${i}`);
    if (Number.isNaN(expected[i])) continue;
    valid++;
    worst = Math.max(worst, Math.abs(received[i] - expected[i]) / range);
  }
  assert.ok(worst <= tolerance, `off by ${worst} of the range`);
  return `${valid} of ${expected.length} pixels valid, off by at most ${worst.toExponential(1)} of the range`;
}

/** Requires bit-identical values, NaN included. @returns a summary */
function compareBits(received, expected) {
  const [a, b] = [received, expected].map(({ buffer: bits }) => new Uint32Array(bits));
  assert.equal(a.length, b.length);
  const differing = a.findIndex((word, i) => word !== b[i]);
  assert.equal(differing, -1, `${received[differing]} instead of ${expected[differing]} at ${differing}`);
  return `${expected.filter((value) => !Number.isNaN(value)).length} of ${b.length} pixels valid, equal bit for bit`;
}

/** Requires that the bundle does not match a pattern. */
function requireNone(code, pattern) {
  const at = code.search(pattern);
  if (at >= 0) assert.fail(`…${code.slice(Math.max(0, at - 60), at + 60)}…`);
}

await installProject();
await run(process.execPath, [join(root, 'scripts', 'build.js')]);

const list = new Checklist('check:browser');
const { files, code, importers } = await bundle(PAGE);
await list.check('the bundle imports nothing of Node', () => {
  assert.deepEqual(importers, []);
  requireNone(code, /["'`]node:/);
  return `${(code.length / 1024).toFixed(0)} KiB`;
});
await list.check('the bundle has no new Function', () =>
  requireNone(code, /\bnew\s+Function\b|\bFunction\s*\(/),
);
await list.check('the bundle has no eval', () => requireNone(code, /\beval\b/));

const installed = await list.check('Chromium is installed', installChromium);
const folder = mkdtempSync(join(tmpdir(), 'terrachip-browser-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const scenePath = join(folder, SCENE);
await writeScene(scenePath);
const ranges = [];
let results;
const ran =
  installed &&
  (await list.check('the page runs, under a policy that refuses strings as code', async () => {
    results = await runPage(files, new Map([[`/${SCENE}`, readFileSync(scenePath)]]));
    return `on ${results.get('done')}`;
  }));
if (ran) await checkResults();
if (installed) await checkModel();
if (installed) await checkView(list);
if (installed) await checkReport(list);
if (installed) {
  // It loads the built package.
  const { checkApp } = await import('./browser/app.js');
  await checkApp(list, folder);
}
list.finish();

async function checkResults() {
  // The package's exports for Node, which include the EPSG database.
  const { CpuBackend, keepsValues, RESAMPLINGS } = await import('terrachip/kernels');
  const { runCase, values } = await import('./browser/case.js');
  const finite = values.filter((value) => !Number.isNaN(value));
  const range = Math.max(...finite) - Math.min(...finite);
  const backend = new CpuBackend();
  const expected = new Map();
  for (const resampling of RESAMPLINGS) expected.set(resampling, await runCase(backend, resampling));
  backend.dispose();
  const nearest = expected.get('nearest');
  await list.check('the case has both data and gaps', () => {
    const valid = nearest.filter((value) => !Number.isNaN(value)).length;
    assert.ok(valid > nearest.length / 2 && valid < nearest.length * 0.9);
  });
  for (const device of ['webgpu', 'cpu']) {
    for (const [resampling, wanted] of expected) {
      const found = () => floats(results.get(`${device}-${resampling}`));
      if (keepsValues(resampling)) {
        await list.check(`${resampling} on the page's ${device} backend equals Node's`, () =>
          compareBits(found(), wanted),
        );
      } else {
        await list.check(`${resampling} on the page's ${device} backend agrees with Node's`, () =>
          compare(found(), wanted, range, TOLERANCE),
        );
      }
    }
  }
  await checkScene();
  await list.check("nearest on an adopted device, which its backends leave alive, equals Node's", () =>
    compareBits(floats(results.get('adopted-nearest')), nearest),
  );
}

async function checkScene() {
  const { CpuBackend } = await import('terrachip/kernels');
  const { BRIGHTEST, warpScene } = await import('./browser/cog.js');
  const backend = new CpuBackend();
  const wanted = await backend.download(await warpScene(backend, scenePath));
  backend.dispose();
  for (const device of ['webgpu', 'cpu']) {
    await list.check(`a COG over HTTP, warped on the page's ${device} backend, agrees with Node's`, () =>
      compare(floats(results.get(`${device}-cog`)), wanted, BRIGHTEST, TOLERANCE),
    );
  }
  await list.check('the page asks for parts of the COG', () => {
    const bytes = ranges.reduce((sum, range) => {
      const [from, to] = range.match(/\d+/g).map(Number);
      return sum + to - from + 1;
    }, 0);
    return `${ranges.length} requests for ${bytes} bytes`;
  });
  await list.check("the canvas shows the values of the device's buffer", () => {
    const shown = results.get('canvas');
    assert.equal(shown.length, 4 * wanted.length);
    for (const [i, value] of wanted.entries()) {
      const [red, green, blue] = shown.subarray(4 * i, 4 * i + 3);
      const grey = (255 * value) / BRIGHTEST;
      const right = Number.isNaN(value)
        ? red === 0 && green === 0 && blue === 255
        : [red, green, blue].every((level) => Math.abs(level - grey) <= 1);
      assert.ok(right, `pixel ${i} is ${[red, green, blue]} for ${value}`);
    }
    return `${wanted.length} pixels`;
  });
}

async function checkModel() {
  const [document, graph] = ['model.json', 'model.onnx'].map((name) => readFileSync(join(MODEL, name)));
  const assets = new Map([
    ['/model.json', document],
    ['/model.onnx', graph],
    ['/runtime.wasm', readFileSync(fileURLToPath(import.meta.resolve(RUNTIME)))],
  ]);
  let maps;
  const mapped = await list.check('a page maps a scene with a bundled model on onnxruntime-web', async () => {
    const { files } = await bundle(MODEL_PAGE);
    maps = await runPage(files, assets);
  });
  if (!mapped) return;
  const { CpuBackend } = await import('terrachip/kernels');
  const { mapImage, mapScene } = await import('./browser/model.js');
  const backend = new CpuBackend();
  const model = { document: JSON.parse(String(document)), graph };
  const runtime = await import('onnxruntime-node');
  const wanted = await mapScene(backend, runtime, 'cpu', model);
  const ofTensor = await mapImage(backend, runtime, 'cpu', model);
  backend.dispose();
  await list.check('mapTensor gives the same map of the scene in memory', () =>
    compareBits(ofTensor, wanted),
  );
  await list.check('the map has water, land and a gap', () => {
    const water = wanted.subarray(wanted.length / 2);
    assert.ok(water.some((value) => value > 0.9));
    assert.ok(water.some((value) => value < 0.1));
    assert.ok(water.some(Number.isNaN));
  });
  for (const device of ['webgpu', 'cpu']) {
    await list.check(`a map with kernels on the page's ${device} backend agrees with Node's`, () =>
      compare(floats(maps.get(`${device}-model`)), wanted, 1, MODEL_TOLERANCE),
    );
    await list.check(`mapTensor with kernels on the page's ${device} backend agrees with Node's`, () =>
      compare(floats(maps.get(`${device}-tensor`)), wanted, 1, MODEL_TOLERANCE),
    );
  }
}

// Drives the built app in Chromium by its forms, and compares shown values and downloads with GDAL and Node.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { buildApp } from '../../app.js';
import { root, run } from '../support.js';
import { requireContrast, requireNames } from './accessible.js';
import { launchChromium } from './chromium.js';
import { floodMap, INPUTS, writeFloodInputs } from './flood-inputs.js';

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};

/** Debian's Python, with GDAL. */
const PYTHON = '/usr/bin/python3';

/** Pixels along a side of the scene, and of the result of its reprojection. */
const SIDE = 3700;
const RESULT_SIDE = 4000;
const FROM = 32631;
const TO = 32632;
const EXPRESSION = '(b1 - 900) / (b1 + 900)';

/** Share of pixels whose whole numbers may differ by one, since the interpolated value is halfway between two. */
const ROUNDED_SHARE = 1e-4;

const MODEL_TOLERANCE = 1e-5;
const STEP_MS = 240_000;

/**
 * @param {import('../support.js').Checklist} list
 * @param {string} folder for files
 */
export async function checkApp(list, folder) {
  const site = join(folder, 'app');
  const built = await list.check('the app is built', () => buildApp(root, site));
  if (!built) return;
  const scene = join(site, 'large.tif');
  await writeLargeScene(scene);
  const inputs = join(folder, 'inputs');
  mkdirSync(inputs);
  await writeFloodInputs(inputs);
  const expected = await expectedWarp(scene);
  const server = await serve(site);
  const browser = await launchChromium();
  try {
    for (const device of ['auto', 'cpu']) {
      const app = await openApp(browser, server, device);
      const on = device === 'cpu' ? 'the CPU in workers' : 'WebGPU';
      await list.check(`the app says that it runs on ${on}`, async () => {
        const said = await app.page.textContent('#engine');
        assert.match(said, device === 'cpu' ? /on the CPU, in \d workers/ : /on WebGPU \(/);
        return said;
      });
      await checkLargeScene(list, app, { scene, folder, expected, on });
      await checkFlood(list, app, { inputs, folder, on });
      if (device === 'auto') {
        await checkHostile(list, app);
        await checkSources(list, app.page);
      }
      await list.check(`no error and no request to another server on ${on}`, () => {
        assert.deepEqual(app.problems, []);
        assert.deepEqual(
          app.requests.filter((url) => !/^(http:\/\/127\.0\.0\.1:|blob:|data:)/.test(url)),
          [],
        );
      });
      await app.page.close();
    }
    await takePictures(list, browser, server, inputs);
  } finally {
    await browser.close();
    server.close();
  }
}

/** Serves a folder, with ranges. */
async function serve(folder) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const path = join(folder, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    let content;
    try {
      content = readFileSync(path);
    } catch {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream');
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (from === undefined) {
      response.end(content);
      return;
    }
    const [start, end] = [Number(from), Math.min(Number(to) + 1, content.length)];
    response.writeHead(206, { 'Content-Range': `bytes ${start}-${end - 1}/${content.length}` });
    response.end(content.subarray(start, end));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

async function openApp(browser, server, device, options = { viewport: { width: 1280, height: 800 } }) {
  const page = await browser.newPage(options);
  const problems = [];
  const requests = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('request', (request) => requests.push(request.url()));
  const address = `http://127.0.0.1:${server.address().port}/`;
  await page.goto(`${address}?device=${device}`);
  await page.waitForSelector('body[data-ready]', { timeout: STEP_MS });
  return { page, address, problems, requests };
}

/** Runs a step, and waits for its final message. */
async function step(page, name, start) {
  await page.evaluate((id) => document.getElementById(id).replaceChildren(), `${name}-status`);
  await start();
  const ended = (id) => {
    const { textContent, classList } = document.getElementById(id);
    return classList.contains('failed') || /\b(?:open|reprojected|computed|mapped)\b.*\./.test(textContent);
  };
  await page.waitForFunction(ended, `${name}-status`, { timeout: STEP_MS });
  return page.textContent(`#${name}-status`);
}

async function download(page, path) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
  await file.saveAs(path);
}

/** Smooth values with noise and a gap, in 16 bits. */
async function writeLargeScene(path) {
  const { GeoBox } = await import('terrachip/geo');
  const { writeCog } = await import('terrachip/raster');
  const west = 700_000;
  const geobox = GeoBox.fromSize(
    [west, 5_460_000, west + 10 * SIDE, 5_460_000 + 10 * SIDE],
    FROM,
    SIDE,
    SIDE,
  );
  const values = Uint16Array.from({ length: geobox.pixelCount }, (_, i) => {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    if (x > 900 && x < 1400 && y > 1700 && y < 2300) return 0;
    return 500 + x + (y >> 1) + ((x * 7919 + y * 104_729) % 99);
  });
  await writeCog(path, [values], { geobox, bands: 1, dtype: 'uint16', nodata: 0, level: 1 });
}

/** The same reprojection as in the page, in Node on the CPU. */
async function expectedWarp(path) {
  const { suggestGrid } = await import('terrachip/geo');
  const { CpuBackend } = await import('terrachip/kernels');
  const { openRaster, readWhole, toStored, WarpedRaster } = await import('terrachip/raster');
  const raster = await openRaster(path);
  const [x0, y0, x1, y1] = suggestGrid(raster.geobox, TO).bounds;
  const resolution = Number((Math.max(x1 - x0, y1 - y0) / RESULT_SIDE).toFixed(6));
  const geobox = suggestGrid(raster.geobox, TO, resolution);
  const backend = new CpuBackend();
  const warped = new WarpedRaster(backend, raster, { geobox, resampling: 'bilinear', unscale: false });
  const values = new Float32Array(geobox.pixelCount);
  await readWhole(backend, warped, [values]);
  backend.dispose();
  await raster.dispose();
  return { geobox, resolution, values: toStored(values, 'uint16', 0).stored };
}

/** The values of all bands of a file, with its grid and the names of its bands. */
async function readAll(path) {
  const { openRaster } = await import('terrachip/raster');
  const raster = await openRaster(path);
  const { data } = await raster.read();
  await raster.dispose();
  return { data, geobox: raster.geobox, names: raster.bands.map(({ description }) => description) };
}

async function checkLargeScene(list, { page, address }, { scene, folder, expected, on }) {
  await list.check(`a COG of ${SIDE} × ${SIDE} pixels is opened by its address on ${on}`, async () => {
    await page.fill('#open-url', `${address}large.tif`);
    const said = await step(page, 'open', () => page.click('#open-form button[type=submit]'));
    assert.equal(said, 'large.tif is open.');
    return page.textContent('#about');
  });
  await list.check(`values under the pointer equal those of GDAL, on ${on}`, async () => {
    const box = await page.locator('#map').boundingBox();
    const found = [];
    for (const [x, y] of [
      [0.5, 0.5],
      [0.42, 0.61],
      [0.63, 0.37],
      [0.4, 0.47],
      [0.02, 0.02],
    ]) {
      await page.evaluate(() => document.getElementById('value').replaceChildren());
      await page.mouse.move(box.x + x * box.width, box.y + y * box.height);
      await page.waitForFunction(() => document.getElementById('value').textContent !== '');
      const text = await page.textContent('#value');
      const [, latitude, longitude] = /^(-?[\d.]+)°, (-?[\d.]+)°/.exec(text);
      const { stdout } = await run('gdallocationinfo', [
        '-valonly',
        '-wgs84',
        scene,
        longitude,
        latitude,
      ]).catch(() => ({ stdout: '' }));
      const value = stdout.trim() === '0' ? 'no data' : stdout.trim();
      found.push(value || 'beside');
      if (value === '') assert.match(text, /beside the layer/);
      else assert.ok(text.endsWith(`: ${value}`), `the page says "${text}", GDAL ${value}`);
    }
    assert.ok(found.includes('beside') && found.some((value) => Number(value) > 500), found.join());
    return found.join(', ');
  });
  const path = join(folder, 'warped.tif');
  const { geobox, resolution, values } = expected;
  const size = `${geobox.width} × ${geobox.height}`;
  await list.check(`${size} pixels, reprojected and downloaded on ${on}, agree with Node's`, async () => {
    await page.fill('#crs', `EPSG:${TO}`);
    await page.fill('#resolution', String(resolution));
    await page.check('input[name=reproject-part][value=whole]');
    const said = await step(page, 'reproject', () => page.click('#reproject-form button[type=submit]'));
    assert.match(said, new RegExp(`^${size} pixels are reprojected`));
    await download(page, path);
    const { data: plane, geobox: found } = await readAll(path);
    assert.ok(found.equals(geobox), `${found}`);
    let differing = 0;
    for (let i = 0; i < values.length; i++) {
      if (plane[i] === values[i]) continue;
      assert.ok(plane[i] !== 0 && values[i] !== 0 && Math.abs(plane[i] - values[i]) === 1, `pixel ${i}`);
      differing++;
    }
    assert.ok(differing <= ROUNDED_SHARE * values.length, `${differing} pixels differ`);
    return `${said} ${differing} of ${values.length} pixels differ by rounding`;
  });
  await list.check(`GDAL finds the downloaded file a valid COG, on ${on}`, async () => {
    const { stdout } = await run(PYTHON, [
      '-m',
      'osgeo_utils.samples.validate_cloud_optimized_geotiff',
      path,
    ]);
    assert.match(stdout, /is a valid cloud optimized GeoTIFF/);
  });
  await list.check(`band arithmetic as a layer equals the arithmetic in float32, on ${on}`, async () => {
    await page.check('#layers .layer-row:last-child input');
    await page.fill('#expression', EXPRESSION);
    await page.check('input[name=calculate-part][value=whole]');
    const said = await step(page, 'calculate', () => page.click('#calculate-form button[type=submit]'));
    assert.match(said, /are computed/);
    const result = join(folder, 'calculated.tif');
    await download(page, result);
    const [{ data: stored }, { data: found }] = [await readAll(scene), await readAll(result)];
    const f = Math.fround;
    let worst = 0;
    for (let i = 0; i < stored.length; i++) {
      assert.equal(Number.isNaN(found[i]), stored[i] === 0, `pixel ${i}`);
      if (stored[i] === 0) continue;
      worst = Math.max(worst, Math.abs(found[i] - f(f(stored[i] - 900) / f(stored[i] + 900))));
    }
    assert.ok(worst < 5e-7, `off by ${worst}`);
    return `${stored.length} pixels, off by at most ${worst.toExponential(1)}`;
  });
}

async function checkFlood(list, { page }, { inputs, folder, on }) {
  const files = INPUTS.map(({ file }) => join(inputs, file));
  await list.check(`the flood model refuses wrong units on ${on}`, async () => {
    const opened = await step(page, 'open', () => page.setInputFiles('#open-files', files));
    assert.equal(opened, `${files.length} files are open.`);
    await page.selectOption('#provider', 'wasm');
    for (const { title, units } of INPUTS) {
      const select = page.getByLabel(`Units of ${title}`, { exact: true });
      await select.selectOption(units === 'linear_power' ? 'dB' : units);
    }
    await page.check('input[name=model-part][value=whole]');
    const said = await step(page, 'model', () => page.click('#model-form button[type=submit]'));
    assert.match(said, /declares its units as dB, but none of its values is below −1/);
  });
  await list.check(`the flood model maps a scene on ${on} as in Node`, async () => {
    for (const { title, units } of INPUTS)
      await page.getByLabel(`Units of ${title}`, { exact: true }).selectOption(units);
    const said = await step(page, 'model', () => page.click('#model-form button[type=submit]'));
    const wanted = await floodMap();
    assert.match(said, /pixels are mapped/);
    const path = join(folder, 'flood.tif');
    await download(page, path);
    const { data, names } = await readAll(path);
    assert.deepEqual(names, ['land', 'flood']);
    assert.equal(data.length, wanted.length);
    let worst = 0;
    for (let i = 0; i < data.length; i++) {
      assert.equal(Number.isNaN(data[i]), Number.isNaN(wanted[i]), `pixel ${i}`);
      if (!Number.isNaN(wanted[i])) worst = Math.max(worst, Math.abs(data[i] - wanted[i]));
    }
    assert.ok(worst <= MODEL_TOLERANCE, `off by ${worst}`);
    assert.ok(
      wanted.some((value) => value > 0.9) && wanted.some((value) => value < 0.1),
      'the map says nothing',
    );
    return `${said} Off by at most ${worst.toExponential(1)}`;
  });
}

async function checkHostile(list, { page, address }) {
  const say = (name, content) =>
    step(page, 'open', () =>
      page.setInputFiles('#open-files', { name, mimeType: 'image/tiff', buffer: Buffer.from(content) }),
    );
  await list.check('an invalid, a truncated and a missing file give one sentence each', async () => {
    const said = [
      await say('<b>note</b>.tif', 'this is no picture'),
      await say('cut.tif', Buffer.from('49492a0008000000ffff0001', 'hex')),
      await step(page, 'open', async () => {
        await page.fill('#open-url', `${address}missing.tif`);
        await page.click('#open-form button[type=submit]');
      }),
    ];
    for (const text of said) assert.match(text, /^[^\n]{10,300}\.$/);
    return said.join(' | ');
  });
  await list.check('a result that is too large is refused before it is computed', async () => {
    await page.check('#layers .layer-row:last-child input');
    await page.fill('#resolution', '1');
    await page.check('input[name=reproject-part][value=whole]');
    const said = await step(page, 'reproject', () => page.click('#reproject-form button[type=submit]'));
    assert.match(said, /^the result would have \d+ × \d+ pixels, more than 4000 × 4000; /);
  });
  // The page reports the request for the missing file.
  page.removeAllListeners('console');
}

async function checkSources(list, page) {
  await list.check('the shown sources are those of the steps', async () => {
    const names = ['open', 'calculate', 'reproject', 'model', 'cog'];
    for (const name of names) {
      const shown = await page.textContent(`[data-source=${name}]`);
      assert.equal(shown, readFileSync(join(root, 'app', 'steps', `${name}.ts`), 'utf8'));
    }
  });
  await list.check('every field has a name', () => requireNames(page));
}

/** Screenshots in light and dark, on a wide and a narrow screen, if TERRACHIP_PICTURES names a folder. */
async function takePictures(list, browser, server, inputs) {
  const folder = process.env.TERRACHIP_PICTURES;
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 390]) {
      await list.check(`the ${colorScheme} page fits ${width} pixels`, async () => {
        const options = { viewport: { width, height: 800 }, colorScheme };
        const { page } = await openApp(browser, server, 'cpu', options);
        await step(page, 'open', () => page.setInputFiles('#open-files', join(inputs, INPUTS[2].file)));
        await page.waitForTimeout(1500);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        await requireContrast(page);
        assert.ok(overflow <= 0, `${overflow} pixels wider than the screen`);
        if (folder !== undefined) {
          mkdirSync(folder, { recursive: true });
          const picture = await page.screenshot({ fullPage: width < 800 });
          writeFileSync(join(folder, `app-${colorScheme}-${width}.png`), picture);
        }
        await page.close();
      });
    }
  }
}

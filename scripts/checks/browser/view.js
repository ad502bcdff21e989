// terrachip view in Chromium: drawn pixels equal GDAL's warp, and shown values equal rasterio's samples, with warping on the
// page's GPU and on the server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root, run, withTemporaryFolder } from '../support.js';
import { requireContrast, requireNames } from './accessible.js';
import { launchChromium } from './chromium.js';

const FIXTURE = join(root, 'test', 'fixtures', 'map-tiles');
const PROGRAM = join(root, 'bin', 'terrachip.js');

/** The folder for screenshots; none by default. */
const PICTURES = process.env.TERRACHIP_PICTURES;

/** Values at the ends of the colours, which determine the grey levels. */
const [LOW, HIGH] = [0, 4096];

/** Limit on pixels of a tile whose position is on the edge between two source pixels. */
const MOST_TIES = 10;

/** A name that would run code if it became markup. */
const MARKUP = '<img src=x onerror="document.title=1">';

/** Writes a raster whose band has a name. */
async function writeNamed(path, name) {
  const { GeoBox } = await import('terrachip/geo');
  const { writeCog } = await import('terrachip/raster');
  const geobox = GeoBox.fromSize([300_000, 5_000_000, 300_640, 5_000_640], 32632, 64, 64);
  const values = Float32Array.from({ length: 4096 }, (_, k) => k / 7);
  await writeCog(path, [values], { geobox, bands: 1, dtype: 'float32', descriptions: [name] });
}

/** Starts the command, passes its address on, and ends it as by Ctrl-C. */
async function withView(paths, task) {
  const child = spawn(process.execPath, [PROGRAM, 'view', ...paths, '--backend', 'cpu'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    const [url] = await Promise.race([
      once(createInterface(child.stdout), 'line'),
      ended.then(([status]) => assert.fail(`view ended with ${status}`)),
    ]);
    await task(url);
  } finally {
    child.kill('SIGINT');
  }
  const [status] = await ended;
  assert.equal(status, 0, `after Ctrl-C, view ends with ${status}`);
}

/** Opens the page, and requires that it has no errors and makes no requests to other servers. */
async function withPage(browser, url, options, task) {
  const page = await browser.newPage(options);
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) problems.push(request.url());
  });
  try {
    await page.goto(url);
    await settled(page);
    const result = await task(page);
    assert.deepEqual(problems, []);
    return result;
  } finally {
    await page.close();
  }
}

/** Waits until all layers are open and all tiles are drawn. */
async function settled(page) {
  await page.waitForFunction(
    () =>
      document.getElementById('problem').hidden &&
      document.querySelectorAll('.warped-tiles .leaflet-tile:not(.leaflet-tile-loaded)').length === 0,
  );
  await page.waitForTimeout(400);
}

/** The pixels of the tiles on the map, in RGBA by `z/x/y`. */
async function tilesOf(page) {
  const tiles = await page.evaluate(() =>
    [...document.querySelectorAll('.warped-tiles canvas')].map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return [canvas.dataset.tile, btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(''))];
    }),
  );
  return new Map(tiles.map(([name, text]) => [name, Buffer.from(text, 'base64')]));
}

async function choose(page, label, value) {
  await page.getByLabel(label, { exact: true }).first().selectOption(value);
  await settled(page);
}

async function fillIn(page, label, value) {
  const field = page.getByLabel(label, { exact: true }).first();
  await field.fill(String(value));
  await field.press('Enter');
  await settled(page);
}

/** Draws band 1 by nearest in grey levels determined by its values, at zoom 14. */
async function drawPlainly(page) {
  await choose(page, 'Resampling', 'nearest');
  await choose(page, 'Stretch', 'values');
  await fillIn(page, 'High', HIGH);
  await fillIn(page, 'Low', LOW);
  const zoom = async () => Number([...(await tilesOf(page)).keys()].at(-1).split('/')[0]);
  while ((await zoom()) > 14) {
    await page.getByRole('button', { name: 'Zoom out' }).click();
    await page.waitForTimeout(600);
    await settled(page);
  }
}

/** Compares a tile with GDAL's warp. */
async function compareWithGdal(page, { z, x, y, file }) {
  const { openRaster } = await import('terrachip/raster');
  const raster = await openRaster(join(FIXTURE, file));
  const [values] = await raster.readPlanes({ bands: [1] });
  await raster.dispose();
  const pixels = (await tilesOf(page)).get(`${z}/${x}/${y}`);
  assert.ok(pixels, `tile ${z}/${x}/${y} is not on the map`);
  let differing = 0;
  for (const [k, value] of values.entries()) {
    const level = Math.round((255 * (value - LOW)) / (HIGH - LOW));
    const wanted = value === 0 ? [0, 0, 0, 0] : [level, level, level, 255];
    if (!wanted.every((byte, channel) => byte === pixels[4 * k + channel])) differing++;
  }
  assert.ok(differing <= MOST_TIES, `${differing} pixels differ`);
  return `${values.length} pixels, ${differing} differ`;
}

/** The screen position of a coordinate: the page gives the coordinates of two points, and Mercator is linear between them. */
async function mapPlaces(page) {
  const { x, y, width, height } = await page.locator('#map').boundingBox();
  const corners = [0.3, 0.6].map((share) => [x + share * width, y + share * height]);
  const mercator = (lat) => Math.asinh(Math.tan((lat * Math.PI) / 180));
  const said = [];
  for (const [px, py] of corners) {
    await page.mouse.click(px, py);
    const text = await page.locator('.place').innerText();
    const [, lat, ns, lng, ew] = /([\d.]+)° ([NS]), ([\d.]+)° ([EW])/.exec(text);
    said.push([Number(lng) * (ew === 'W' ? -1 : 1), mercator(Number(lat) * (ns === 'S' ? -1 : 1))]);
  }
  const [[x0, y0], [x1, y1]] = corners;
  const [[u0, v0], [u1, v1]] = said;
  return ({ lng, lat }) => [
    x0 + ((lng - u0) / (u1 - u0)) * (x1 - x0),
    y0 + ((mercator(lat) - v0) / (v1 - v0)) * (y1 - y0),
  ];
}

/** Clicks on positions, and compares the page's values with rasterio's. */
async function compareValues(page, points) {
  const placeOf = await mapPlaces(page);
  let count = 0;
  for (const { column, row, values, ...position } of points) {
    const [px, py] = placeOf(position);
    const hit = await page.evaluate(
      ([a, b]) => document.elementFromPoint(a, b)?.closest('#map') !== null,
      [px, py],
    );
    // The box of values covers a part of the map.
    if (!hit) continue;
    await page.mouse.click(px, py);
    await page.waitForFunction(
      (text) => document.querySelector('.values .hint')?.textContent.startsWith(text),
      `column ${column}, row ${row};`,
    );
    const said = await page.locator('.values dd').allInnerTexts();
    assert.deepEqual(
      said,
      values.map((value) => (value === 0 ? 'no data' : String(value))),
    );
    count++;
  }
  assert.ok(count >= 4, `only ${count} places can be clicked`);
  return `${count} places`;
}

/** Screenshots, and the requirements for every page. */
async function inAllLooks(list, browser, url, name, prepare = async () => undefined) {
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 390]) {
      await list.check(`${name}, ${colorScheme}, ${width} px wide: names, contrast, nothing cut off`, () =>
        withPage(browser, url, { colorScheme, viewport: { width, height: 844 } }, async (page) => {
          await prepare(page);
          if (PICTURES !== undefined) {
            await mkdir(PICTURES, { recursive: true });
            const path = join(PICTURES, `${name.replaceAll(' ', '-')}-${colorScheme}-${width}.png`);
            await page.screenshot({ path, fullPage: width === 390 });
          }
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
          return [await requireNames(page), await requireContrast(page)].join(', ');
        }),
      );
    }
  }
}

/** @param {import('../support.js').Checklist} list */
export async function checkView(list) {
  const truth = JSON.parse(readFileSync(join(FIXTURE, 'truth.json'), 'utf8'));
  const tile = truth.tiles.find(({ file }) => file === 'nearest-14.tif');
  const browser = await launchChromium();
  try {
    const drawn = new Map();
    await list.check('view ends with status 0 after Ctrl-C', () =>
      withView([join(FIXTURE, 'source.tif')], async (url) => {
        for (const device of ['server', 'page']) {
          const who = device === 'page' ? "the page's device" : 'the server';
          await list.check(
            `a map that ${who} warps has the pixels of gdalwarp, and the values of rasterio`,
            () =>
              withPage(browser, url, { viewport: { width: 1280, height: 800 } }, async (page) => {
                await choose(page, 'Tiles are warped on', device);
                const wanted = device === 'page' ? /on this page's GPU/ : /by the server/;
                assert.match(await page.locator('.layer-note').innerText(), wanted);
                await drawPlainly(page);
                const pixels = await compareWithGdal(page, tile);
                const places = await compareValues(page, truth.points);
                await choose(page, 'Show', 'expression');
                await fillIn(page, 'Expression', 'infrared - 2 * red');
                drawn.set(device, await tilesOf(page));
                return `${pixels}; ${places}`;
              }),
          );
        }
        await list.check('both draw an expression alike', () => {
          const [server, own] = [drawn.get('server'), drawn.get('page')];
          assert.deepEqual([...own.keys()].sort(), [...server.keys()].sort());
          for (const [name, pixels] of server)
            assert.ok(pixels.equals(own.get(name)), `tile ${name} differs`);
          return `${server.size} tiles`;
        });
        await list.check('an invalid expression is explained', () =>
          withPage(browser, url, {}, async (page) => {
            await choose(page, 'Show', 'expression');
            await page.getByLabel('Expression', { exact: true }).fill('infrared - green');
            const said = await page.locator('.problem').innerText();
            assert.match(said, /names green, which is neither a band nor an index, at column 12/);
            return said;
          }),
        );
        await list.check('the keyboard reaches the map and every control', () =>
          withPage(browser, url, {}, async (page) => {
            const reached = new Set();
            for (let k = 0; k < 60; k++) {
              await page.keyboard.press('Tab');
              reached.add(
                await page.evaluate(() => document.activeElement?.id || document.activeElement?.tagName),
              );
            }
            const wanted = await page.evaluate(() =>
              [...document.querySelectorAll('input, select')]
                .filter((each) => each.checkVisibility())
                .map(({ id }) => id),
            );
            assert.deepEqual(
              [...wanted, 'map'].filter((id) => !reached.has(id)),
              [],
            );
            await page.getByRole('button', { name: 'Values in the middle of the map' }).press('Enter');
            await page.waitForFunction(
              () => document.querySelector('[role=status].spoken').textContent !== '',
            );
            return page.locator('.spoken').innerText();
          }),
        );
        await inAllLooks(list, browser, url, 'view of a raster');
      }),
    );
    await withTemporaryFolder(async (folder) => {
      await list.check('any names of files and bands are shown as text', async () => {
        const path = join(folder, `${MARKUP}.tif`);
        await writeNamed(path, MARKUP);
        await withView([path], (url) =>
          withPage(browser, url, {}, async (page) => {
            assert.equal(await page.evaluate(() => document.querySelectorAll('img').length), 0);
            const text = await page.locator('#panel').innerText();
            assert.ok(text.includes(MARKUP), text);
            assert.equal(await page.title(), `${MARKUP}.tif · terrachip view`);
          }),
        );
      });
      const catalog = join(folder, 'scenes.parquet');
      await run(process.execPath, [PROGRAM, 'catalog', 'build', join(FIXTURE, 'source.tif'), '-o', catalog]);
      await list.check('a catalog lists its rows, and opens their rasters', () =>
        withView([catalog], async (url) => {
          const open = async (page) => {
            await page.locator('.rows button').first().click();
            await page.locator('.assets button').first().click();
            await page.waitForSelector('.warped-tiles canvas');
            await settled(page);
          };
          await inAllLooks(list, browser, url, 'view of a catalog', open);
        }),
      );
      await run(process.execPath, [PROGRAM, 'demo', '--size', '256', '256', '-o', join(folder, 'demo')]);
      await list.check('a map shows its classes, and opens its inputs', () =>
        withView([join(folder, 'demo', 'map')], async (url) => {
          await inAllLooks(list, browser, url, 'view of a map', async (page) => {
            assert.match(await page.locator('.legend').first().innerText(), /0 land/);
            await page.getByRole('button', { name: /^Add .*probability/ }).click();
            await page.waitForFunction(() => document.querySelectorAll('fieldset.layer').length === 2);
            await settled(page);
          });
        }),
      );
    });
  } finally {
    await browser.close();
  }
}

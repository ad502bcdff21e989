// terrachip report in Chromium, from a file and without a network: the values at a position equal rasterio's samples of the
// map's files, the page makes no requests, and it can be used by keyboard.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { python, requirePackages, terrachip } from '../programs.js';
import { root, withTemporaryFolder } from '../support.js';
import { requireContrast, requireNames } from './accessible.js';
import { launchChromium } from './chromium.js';

/** The folder for screenshots; none by default. */
const PICTURES = process.env.TERRACHIP_PICTURES;

const CHIPS = join(
  process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'),
  'data/eo/cloudtostreet__Sen1Floods11',
);
const CHIP = 'Spain_7370579';

/** Number of queried positions in each map. */
const PLACES = 60;

const WIDTHS = [1280, 390];

/** A tile: a PNG of one grey pixel. */
const TILE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';

/** @param {import('../support.js').Checklist} list */
export async function checkReport(list) {
  await requirePackages(['python3-numpy', 'python3-rasterio']);
  await withTemporaryFolder(async (folder) => {
    await list.check('a report of the demo, from a file and without a network', async () => {
      const { map } = await terrachip('demo', '--size', '640', '512', '-o', join(folder, 'demo'));
      return checkMap(map, folder, 'demo');
    });
    await list.check('tiles of a basemap, by option, from their server alone', () =>
      checkBasemap(join(folder, 'demo', 'map'), join(folder, 'based.html')),
    );
    if (!existsSync(CHIPS)) {
      list.skip('a report of a chip of Sen1Floods11', `${CHIPS} is not there`);
      return;
    }
    await list.check('a report of a chip of Sen1Floods11', async () => {
      const scene = join(folder, 'chip.json');
      const radar = join(CHIPS, 'S1', `${CHIP}_S1Hand.tif`);
      await terrachip('scene', 'init', `S1RTC=${radar}`, '--units', 'S1RTC=dB', '-o', scene);
      const map = join(folder, 'chip');
      await terrachip('infer', scene, '--model', 'demo-water-s1', '-o', map, '--backend', 'cpu');
      await terrachip('evaluate', map, '--label', join(CHIPS, 'Labels', `${CHIP}_LabelHand.tif`));
      return checkMap(map, folder, 'chip');
    });
  });
}

/** Writes the report of a map and uses it. @returns a summary */
async function checkMap(map, folder, name) {
  const path = join(folder, `${name}.html`);
  const { bytes, size } = await terrachip('report', map, '-o', path);
  const { assets, bbox } = JSON.parse(readFileSync(join(map, 'item.json'), 'utf8'));
  const classes = assets.classes['terrachip:classes'].map((each) => each.name);
  const url = pathToFileURL(path).href;
  const browser = await launchChromium();
  let summary = '';
  try {
    for (const colorScheme of ['light', 'dark']) {
      for (const width of WIDTHS) {
        const context = await browser.newContext({
          viewport: { width, height: 900 },
          colorScheme,
          offline: true,
        });
        const page = await context.newPage();
        const problems = [];
        page.on('pageerror', (error) => problems.push(error.message));
        page.on('console', (message) => problems.push(message.text()));
        page.on('request', (request) => {
          if (request.url() !== url && !request.url().startsWith('data:')) problems.push(request.url());
        });
        await page.goto(url);
        await page.waitForSelector('html[data-ready=true]');
        const isFirst = colorScheme === 'light' && width === WIDTHS[0];
        if (isFirst) summary = await checkValues(page, map, bbox, classes);
        if (isFirst) await checkKeyboard(page);
        await page.getByRole('checkbox', { name: 'Outlines of the map' }).check();
        await page.getByRole('checkbox', { name: 'Graticule' }).check();
        await requireNames(page);
        await requireContrast(page);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `the page is ${overflow} pixels wider than its window of ${width}`);
        if (PICTURES !== undefined) {
          await mkdir(PICTURES, { recursive: true });
          const picture = join(PICTURES, `report-${name}-${colorScheme}-${width}.png`);
          await page.screenshot({ path: picture, fullPage: true });
        }
        assert.deepEqual(problems, []);
        await context.close();
      }
    }
  } finally {
    await browser.close();
  }
  return `${(bytes / 2 ** 20).toFixed(1)} MiB, ${size.join(' × ')} pixels; ${summary}`;
}

/** Serves tiles, and requires that the page requests them and nothing else. */
async function checkBasemap(map, path) {
  const paths = new Set();
  const server = createServer((request, response) => {
    paths.add(request.url);
    response.setHeader('Content-Type', 'image/png');
    response.end(Buffer.from(TILE, 'base64'));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const origin = `http://127.0.0.1:${server.address().port}`;
  const template = `${origin}/{z}/{x}/{y}.png`;
  await terrachip('report', map, '-o', path, '--basemap', template, '--attribution', '© <i>Makers</i>');
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const problems = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('request', (request) => {
      if (!/^(data|file):/.test(request.url()) && !request.url().startsWith(origin))
        problems.push(request.url());
    });
    await page.goto(pathToFileURL(path).href);
    await page.waitForSelector('html[data-ready=true]');
    await page.waitForSelector('.leaflet-tile-loaded');
    await page.waitForLoadState('networkidle');
    assert.deepEqual(problems, []);
    assert.equal(await page.locator('.leaflet-control-attribution').innerText(), '© <i>Makers</i>');
  } finally {
    await browser.close();
    server.close();
  }
  assert.ok(
    paths.size > 0 && [...paths].every((each) => /^\/\d+\/\d+\/\d+\.png$/.test(each)),
    [...paths].join(),
  );
  return `${paths.size} tiles`;
}

/** Queries values at positions by the form and by a click, and compares them with the files. */
async function checkValues(page, map, [west, south, east, north], classes) {
  const answers = [];
  for (let k = 0; k < PLACES; k++) {
    // Positions on a lattice that is not aligned to any grid.
    const [u, v] = [(k * 0.754877666) % 1, (k * 0.569840291) % 1];
    await page.getByLabel('Latitude').fill(String(south + v * (north - south)));
    await page.getByLabel('Longitude').fill(String(west + u * (east - west)));
    await page.getByRole('button', { name: 'Show values' }).click();
    answers.push(await answerOf(page));
  }
  await page.locator('#map').click({ position: { x: 300, y: 280 } });
  const clicked = await answerOf(page);
  assert.ok(clicked !== null, 'a click on the map shows no values');
  const inside = [...answers.filter((answer) => answer !== null), clicked];
  assert.ok(inside.length > PLACES / 2, `only ${inside.length} positions are on the map`);
  const places = inside.map(({ place }) => place);
  const sample = (file, band) => python('browser/sample.py', { raster: join(map, file), band, places });
  const { values: numbers } = await sample('classes.tif', 1);
  const { values: probabilities } = await sample('probability.tif', 2);
  for (const [k, { shown }] of inside.entries()) {
    const [number, probability] = [numbers[k], probabilities[k]];
    const expected = {
      Map: number === null ? 'no data' : classes[number],
      [`Probability of ${classes[1]}`]: probability === null ? 'no data' : probability,
    };
    assert.equal(shown.Map, expected.Map, `at ${places[k]}`);
    const text = shown[`Probability of ${classes[1]}`];
    if (probability === null) assert.equal(text, 'no data');
    else
      assert.ok(
        Math.abs(Number(text) - probability) <= 0.5001e-4,
        `${text} is not ${probability} at ${places[k]}`,
      );
  }
  const counts = classes.map((each) => `${inside.filter(({ shown }) => shown.Map === each).length} ${each}`);
  return `${inside.length} places as in the files (${counts.join(', ')})`;
}

/** The position and the values on the page; null outside the map. */
async function answerOf(page) {
  const shown = await page.evaluate(() => {
    const values = document.getElementById('values');
    const texts = [...values.querySelectorAll('dt, dd')].map((each) => each.textContent);
    return Object.fromEntries(texts.flatMap((text, k) => (k % 2 === 0 ? [[text, texts[k + 1]]] : [])));
  });
  const place = shown['Centre of the pixel'];
  if (place === undefined) return null;
  const [latitude, longitude] = place.split(', ').map(Number);
  return { place: [longitude, latitude], shown };
}

/** Enter shows the values at the centre, arrow keys move the map and the line between pictures. */
async function checkKeyboard(page) {
  await page.locator('#map').focus();
  await page.keyboard.press('Enter');
  const before = await answerOf(page);
  await page.keyboard.press('ArrowRight');
  await page.waitForTimeout(500);
  await page.keyboard.press('Enter');
  const after = await answerOf(page);
  assert.ok(before !== null, 'Enter shows no values');
  assert.notDeepEqual(after?.place, before.place, 'an arrow key does not move the map');
  const slider = page.locator('#swipe');
  if (!(await slider.isEnabled())) return;
  const at = () => page.evaluate(() => document.getElementById('swipe-line').getBoundingClientRect().x);
  const from = await at();
  await slider.focus();
  for (let k = 0; k < 10; k++) await page.keyboard.press('ArrowRight');
  assert.ok((await at()) > from + 20, 'the arrow keys do not move the line between pictures');
}

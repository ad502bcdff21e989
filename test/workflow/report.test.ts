import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import proj4 from 'proj4';
import { beforeAll, describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { writeJson } from '../../src/io/node/output.js';
import { unpackPlanes } from '../../src/page/report/unpack.js';
import { openRaster, readPixels } from '../../src/raster/node/index.js';
import { evaluateMap, infer, type ReportFile, writeReport } from '../../src/workflow/index.js';
import type { ReportDocument } from '../../src/workflow/report/document.js';
import { packPlanes } from '../../src/workflow/report/pack.js';
import { lonLatOf, MOST_VALUES, pageGrid } from '../../src/workflow/report/rasters.js';
import { temporaryFolder } from '../support/files.js';
import { writeSarScene } from '../support/sar-scene.js';

const folder = await temporaryFolder();
const map = join(folder, 'map');
const zones = join(folder, 'zones.geojson');

const HOSTILE = `</script><script>alert(1)</script><img src=x onerror=alert(2)> "quoted" & 'single'`;

/** The document in a page. */
function documentOf(page: string): ReportDocument {
  const [, json] = /<script type="application\/json" id="report-document">(.*?)<\/script>/s.exec(page) ?? [];
  return JSON.parse(json) as ReportDocument;
}

/** Longitude and latitude of metres in EPSG:3857 (EPSG guidance note 7-2, Popular Visualisation Pseudo-Mercator). */
function inverseMercator(x: number, y: number): [number, number] {
  const radius = 6_378_137;
  const degrees = 180 / Math.PI;
  return [(x / radius) * degrees, (2 * Math.atan(Math.exp(y / radius)) - Math.PI / 2) * degrees];
}

const UTM = proj4('EPSG:4326', '+proj=utm +zone=32 +datum=WGS84');

/** The stored values of a file at positions, each from the pixel that contains it; null near an edge of a pixel or outside. */
async function sample(path: string, band: number, places: readonly (readonly [number, number])[]) {
  await using raster = await openRaster(path);
  const { planes, valid } = await readPixels(raster, {
    bands: [band],
    window: { x: 0, y: 0, width: raster.width, height: raster.height },
  });
  const { transform } = raster.geobox!;
  return places.map(([longitude, latitude]) => {
    const [x, y] = transform.inverse().apply(...(UTM.forward([longitude, latitude]) as [number, number]));
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const isNearEdge = [x - column, y - row].some((part) => part < 0.01 || part > 0.99);
    if (isNearEdge || column < 0 || row < 0 || column >= raster.width || row >= raster.height) return null;
    const at = row * raster.width + column;
    return valid[0][at] === 0 ? Number.NaN : Number(planes[0][at]);
  });
}

describe('packPlanes', () => {
  it.each([
    ['uint8', Uint8Array.of(0, 255, 1, 7, 7, 7)],
    ['uint16', Uint16Array.of(0, 65_535, 256, 255, 10_000, 1)],
    ['float32', Float32Array.of(0, -1.5, Number.NaN, 3.4e38, 1e-40, Number.POSITIVE_INFINITY)],
  ])('keeps every bit of %s', async (type, values) => {
    const packed = packPlanes([values, values.slice().reverse()] as Float32Array[], 3, 2);
    expect(packed).toMatchObject({ type, planes: 2 });
    const [first, second] = await unpackPlanes(packed);
    expect(new Uint8Array(first.buffer)).toEqual(new Uint8Array(values.buffer));
    expect([...second]).toEqual([...values].reverse());
  });

  it('refuses damaged pixels', async () => {
    const packed = packPlanes([Uint8Array.of(1, 2, 3, 4)], 2, 2);
    await expect(unpackPlanes({ ...packed, width: 3 })).rejects.toThrow('damaged');
  });
});

describe('pageGrid', () => {
  it('is bounded, and stays inside the world of EPSG:3857', () => {
    const world = pageGrid(
      new GeoBox(4326, new Affine(0.01, 0, -180, 0, -0.01, 90), 36_000, 18_000),
      MOST_VALUES,
    );
    expect(Math.max(world.width, world.height)).toBe(MOST_VALUES);
    for (const value of world.bounds) expect(Math.abs(value)).toBeLessThanOrEqual(20_037_508.343);
  });

  it('continues beyond the edge of the world across the antimeridian', () => {
    // Fiji in UTM zone 60 south: 40 km from 179.83° E on, of which about 0.22° are beyond 180°.
    const map = new GeoBox(32760, new Affine(100, 0, 800_000, 0, -100, 8_000_000), 400, 300);
    const grid = pageGrid(map, MOST_VALUES);
    const [west, south, east, north] = lonLatOf(grid);
    const corners = [800_000, 840_000].flatMap((x) =>
      [7_970_000, 8_000_000].map((y) =>
        proj4('+proj=utm +zone=60 +south +datum=WGS84', 'EPSG:4326').forward([x, y]),
      ),
    );
    const longitudes = corners.map(([longitude]) => (longitude + 360) % 360);
    const latitudes = corners.map(([, latitude]) => latitude);
    expect(west).toBeCloseTo(Math.min(...longitudes), 4);
    expect(east).toBeCloseTo(Math.max(...longitudes), 4);
    expect(east).toBeGreaterThan(180.1);
    expect(south).toBeCloseTo(Math.min(...latitudes), 4);
    expect(north).toBeCloseTo(Math.max(...latitudes), 4);
    expect(Math.hypot(grid.width, grid.height)).toBeCloseTo(500, -1);
  });
});

describe('writeReport', () => {
  let report: ReportFile;
  let page = '';

  beforeAll(async () => {
    const { scene, label } = await writeSarScene(join(folder, 'scene'), 5, 320);
    await infer({ scene, model: 'models/water-threshold', output: map, backend: 'cpu', threads: 0 });
    await evaluateMap({ map, label });
    await using classes = await openRaster(join(map, 'classes.tif'));
    const [x0, y0, x1, y1] = classes.geobox!.bounds;
    const middle = (x0 + x1) / 2;
    const box = (west: number, east: number, name: string) => ({
      type: 'Feature',
      properties: { name },
      geometry: {
        type: 'Polygon',
        coordinates: [[[west, y0], [east, y0], [east, y1], [west, y1], [west, y0]]], // biome-ignore format: a ring
      },
    });
    await writeJson(zones, {
      type: 'FeatureCollection',
      crs: { type: 'name', properties: { name: 'EPSG:32632' } },
      features: [box(x0, middle, 'west & <half>'), box(middle, x1, 'east')],
    });
    report = await writeReport({ map, destination: join(folder, 'report.html'), zones });
    page = await readFile(report.destination, 'utf8');
  });

  it('embeds the values of the files at their positions', async () => {
    expect(report).toMatchObject({ reduced: false, layers: ['Map', 'Probability of water'] });
    const { rasters, mercator, bounds } = documentOf(page);
    const [x0, y0, x1, y1] = mercator;
    expect(bounds[0]).toBeCloseTo(inverseMercator(x0, y0)[0], 9);
    expect(bounds[3]).toBeCloseTo(inverseMercator(x1, y1)[1], 9);
    const { width, height } = rasters[0].pixels;
    const indices = Array.from({ length: 3000 }, (_, k) => (k * 7919) % (width * height));
    const places = indices.map((index) =>
      inverseMercator(
        x0 + (((index % width) + 0.5) / width) * (x1 - x0),
        y1 - ((Math.floor(index / width) + 0.5) / height) * (y1 - y0),
      ),
    );
    const files = [
      { path: 'classes.tif', band: 1, tolerance: 0 },
      { path: 'probability.tif', band: 2, tolerance: 0.5001e-4 },
    ];
    for (const [k, { path, band, tolerance }] of files.entries()) {
      const { pixels, scale, nodata } = rasters[k];
      const [values] = await unpackPlanes(pixels);
      const truth = await sample(join(map, path), band, places);
      let compared = 0;
      for (const [n, expected] of truth.entries()) {
        if (expected === null) continue;
        compared++;
        const stored = values[indices[n]];
        if (Number.isNaN(expected)) expect(stored).toBe(nodata);
        else expect(Math.abs(stored * scale - expected)).toBeLessThanOrEqual(tolerance);
      }
      expect(compared).toBeGreaterThan(2000);
      expect(truth.some((value) => value !== null && Number.isNaN(value))).toBe(true);
    }
  });

  it('draws the phases to compare, outlines and chips', () => {
    const { pictures, swipe, outlines } = documentOf(page);
    expect(pictures.map(({ title }) => title)).toEqual(['pre_event: radar VV', 'event: radar VV']);
    expect(pictures[0].bar?.label).toBe('pre_event: radar VV (dB)');
    // Equal ends, so that the phases can be compared.
    expect([pictures[1].bar?.low, pictures[1].bar?.high]).toEqual([
      pictures[0].bar?.low,
      pictures[0].bar?.high,
    ]);
    expect(swipe).toEqual([0, 1]);
    expect(outlines.map(({ title }) => title)).toEqual([
      'Outlines of the map',
      'Zones',
      'Chips of the model',
    ]);
    expect(report.notes).toContain('The reference is a raster, whose outlines are not drawn.');
    // The corners of the two zones, each closed.
    expect(outlines[1].rings).toHaveLength(2);
    for (const ring of outlines[1].rings) expect(ring.slice(0, 2)).toEqual(ring.slice(-2));
  });

  it('has areas, scores beside baselines, provenance and commands', async () => {
    const statistics = JSON.parse(await readFile(join(map, 'statistics.json'), 'utf8'));
    const metrics = JSON.parse(await readFile(join(map, 'metrics.json'), 'utf8'));
    for (const { km2 } of statistics.classes) expect(page).toContain(`<td>${km2.toFixed(2)}</td>`);
    expect(page).toContain(`<td>${metrics.model.iou.toFixed(3)}</td>`);
    for (const { title } of metrics.baselines) expect(page).toContain(`<th scope="row">${title}</th>`);
    const { plan } = JSON.parse(await readFile(join(map, 'run.json'), 'utf8'));
    expect(page).toContain(plan.model.sha256);
    expect(page).toContain('terrachip infer scene/scene.json --model ');
    expect(page).not.toContain(folder);
  });

  it('sums the areas of zones that share the map to those of the map', async () => {
    expect(page).toContain('west &amp; &lt;half&gt;');
    const { classes } = JSON.parse(await readFile(join(map, 'statistics.json'), 'utf8'));
    const row = (name: string) => {
      const [, cells] = new RegExp(`<th scope="row">${name}</th>(.*?)</tr>`).exec(page) ?? [];
      return [...cells.matchAll(/<td>([^<]*)<\/td>/g)].map(([, text]) => Number.parseFloat(text));
    };
    const [west, east] = [row('west &amp; &lt;half&gt;'), row('east')];
    for (const [k, { km2 }] of classes.entries()) expect(west[2 * k] + east[2 * k]).toBeCloseTo(km2, 1);
  });

  it('allows only its own script and style, and no requests', () => {
    const [, policy] = /Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
    const hash = (tag: string) => {
      const [, content] = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(page) ?? [];
      return `&#39;sha256-${createHash('sha256').update(content).digest('base64')}&#39;`;
    };
    expect(policy.split('; ')).toEqual([
      'default-src &#39;none&#39;',
      `script-src ${hash('script')}`,
      `style-src ${hash('style')}`,
      'img-src data:',
      'connect-src &#39;none&#39;',
      'base-uri &#39;none&#39;',
      'form-action &#39;none&#39;',
    ]);
    expect(page.match(/<(link|img|iframe|object|embed|base)\b/g)).toBeNull();
    expect(page).not.toMatch(/\bon\w+="|\bstyle="/);
    expect(page).toContain('BSD 2-Clause');
  });

  it('never treats texts of files as markup', async () => {
    const hostile = join(folder, 'hostile');
    await cp(map, hostile, { recursive: true });
    const edit = async (name: string, change: (document: string) => string): Promise<void> =>
      writeFile(join(hostile, name), change(await readFile(join(hostile, name), 'utf8')));
    const text = JSON.stringify(HOSTILE).slice(1, -1);
    await edit('item.json', (json) =>
      json
        .replaceAll('"name": "water"', `"name": "${text}"`)
        .replace(/"terrachip:limitations": "[^"]*/, `"terrachip:limitations": "${text}`),
    );
    await edit('run.json', (json) => json.replace('"id": "demo"', `"id": "${text}"`));
    await edit('statistics.json', (json) => json.replaceAll('"water"', `"${text}"`));
    await edit('metrics.json', (json) =>
      json.replaceAll('"water"', `"${text}"`).replace('"findings": [', `"findings": ["${text}",`),
    );
    const { destination } = await writeReport({ map: hostile, destination: join(folder, 'hostile.html') });
    const written = await readFile(destination, 'utf8');
    const [script] = /<script>.*?<\/script>/s.exec(written) ?? [''];
    const rest = written.replace(script, '');
    expect(rest.match(/<script/g)).toHaveLength(1);
    expect(rest).not.toContain('<img');
    expect(rest.split('&lt;/script&gt;&lt;script&gt;alert(1)').length).toBeGreaterThan(4);
    const { rasters } = documentOf(written);
    expect(rasters[1].title).toBe(`Probability of ${HOSTILE}`);
  });

  it('reports parts that it leaves out when the inputs are missing', async () => {
    const destination = join(folder, 'alone.html');
    const { notes, pictures } = await writeReport({ map, destination, scene: join(folder, 'gone.json') });
    expect(pictures).toEqual([]);
    expect(notes.join()).toMatch(/pictures of the inputs are left out, since the scene cannot be read/);
    expect(await readFile(destination, 'utf8')).toContain('What this page leaves out');
  });

  it('allows the server of a basemap, and nothing else', async () => {
    const options = { map, destination: join(folder, 'based.html'), attribution: '© <b>Makers</b>' };
    await writeReport({ ...options, basemap: 'https://{s}.tiles.example.org/{z}/{x}/{y}.png' });
    const based = await readFile(options.destination, 'utf8');
    expect(based).toContain('img-src data: https://*.tiles.example.org;');
    expect(documentOf(based).basemap?.attribution).toBe('© <b>Makers</b>');
    for (const basemap of [
      'file:///{z}/{x}/{y}',
      "https://a.org/{z}/{x}/{y}; script-src 'unsafe-inline'",
      'https://a.org/{z}/{x}',
    ]) {
      await expect(writeReport({ ...options, basemap })).rejects.toThrow(/^basemap (is not|lacks)/);
    }
    await expect(
      writeReport({ map, destination: options.destination, basemap: 'https://a.org/{z}/{x}/{y}' }),
    ).rejects.toThrow('attribution is missing');
  });

  it('refuses folders without a map, and other extensions', async () => {
    const empty = { map: join(folder, 'scene'), destination: join(folder, 'none.html') };
    await expect(writeReport(empty)).rejects.toThrow(/item\.json/);
    await expect(writeReport({ map, destination: join(folder, 'report.pdf') })).rejects.toThrow(/HTML/);
    const broken = join(folder, 'broken');
    await cp(map, broken, { recursive: true });
    await rm(join(broken, 'probability.tif'));
    await expect(writeReport({ map: broken, destination: join(folder, 'none.html') })).rejects.toThrow(
      /probability\.tif/,
    );
    expect(await readdir(folder)).not.toContain('none.html');
  });
});

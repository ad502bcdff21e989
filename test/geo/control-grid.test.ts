import { describe, expect, it } from 'vitest';
import {
  Affine,
  BLOCK_SIZE,
  ControlGrid,
  createPixelMapping,
  evaluateBlock,
  GeoBox,
} from '../../src/geo/node/index.js';
import { seeded } from '../support/random.js';

const utm32 = new GeoBox(32632, new Affine(10, 0, 263210, 0, -10, 5564090), 6033, 8449);

/** Destination grids, sources, and the cell size that all their blocks need. */
const PAIRS: [string, GeoBox, GeoBox][] = [
  [
    'UTM to the next zone',
    utm32,
    new GeoBox(32631, new Affine(10, 0, 660000, 0, -10, 5570000), 10980, 10980),
  ],
  ['UTM from longitudes', utm32, new GeoBox(4326, new Affine(1e-4, 0, 5, 0, -1e-4, 51), 20000, 20000)],
  ['Mercator from UTM', new GeoBox(3857, new Affine(15, 0, 640000, 0, -15, 6400000), 4000, 4000), utm32],
  ['LAEA at 100 m', new GeoBox(3035, new Affine(100, 0, 2600000, 0, -100, 5400000), 6000, 6000), utm32],
  [
    'the same grid, shifted',
    new GeoBox(32632, new Affine(20, 0, 263215, 0, -20, 5564085), 3000, 4000),
    utm32,
  ],
  ['a rotated source', utm32, new GeoBox(32632, new Affine(7, 7, 250000, 7, -7, 5400000), 20000, 20000)],
];

/** The largest distance of decoded positions to exact ones, at 8000 random pixels of random blocks. */
function worstError(destination: GeoBox, source: GeoBox, tolerance: number, blocks = 40): number {
  const mapping = createPixelMapping(destination, source);
  const grid = new ControlGrid(mapping, tolerance);
  const random = seeded(1);
  const out = new Float64Array(2);
  let worst = 0;
  for (let k = 0; k < blocks; k++) {
    const bx = Math.floor(random() * Math.ceil(destination.width / BLOCK_SIZE));
    const by = Math.floor(random() * Math.ceil(destination.height / BLOCK_SIZE));
    const block = grid.block(bx, by);
    for (let i = 0; i < 8000 / blocks; i++) {
      const lx = Math.floor(random() * BLOCK_SIZE);
      const ly = Math.floor(random() * BLOCK_SIZE);
      mapping.map(bx * BLOCK_SIZE + lx + 0.5, by * BLOCK_SIZE + ly + 0.5, out);
      const [x, y] = evaluateBlock(block, lx, ly);
      worst = Math.max(worst, Math.abs(x - out[0]), Math.abs(y - out[1]));
    }
  }
  return worst;
}

describe('ControlGrid', () => {
  it.each(PAIRS)('%s: within the tolerance everywhere', (_, destination, source) => {
    expect(worstError(destination, source, 0.002)).toBeLessThan(0.0021);
  });

  it('has errors far below its tolerance between neighbouring UTM zones', () => {
    const [, destination, source] = PAIRS[0];
    expect(worstError(destination, source, 0.002)).toBeLessThan(2e-5);
  });

  it('refines for a stricter tolerance', () => {
    const [, destination, source] = PAIRS[3];
    // Blocks of such small cells are slow to make.
    expect(worstError(destination, source, 1e-5, 8)).toBeLessThan(1.1e-5);
  });

  it('gives the same block in any window', () => {
    const mapping = createPixelMapping(utm32, PAIRS[0][2]);
    const wide = new ControlGrid(mapping).window({ x: 0, y: 0, width: 1024, height: 512 });
    const narrow = new ControlGrid(mapping).window({ x: 600, y: 300, width: 10, height: 10 });
    const words = narrow.cells.length;
    // Block (2, 1) is the seventh of the four by two in the wide window.
    const entry = 4 * (1 * wide.blockColumns + 2);
    const from = wide.table[entry] * 10;
    expect(wide.cells.subarray(from, from + words)).toEqual(narrow.cells);
  });

  it('gives the source window of a destination window', () => {
    const mapping = createPixelMapping(utm32, PAIRS[0][2]);
    const tile = { x: 1000, y: 2000, width: 300, height: 200 };
    const { source } = new ControlGrid(mapping).window(tile);
    expect(source).not.toBeNull();
    const out = new Float64Array(2);
    for (const [x, y] of [
      [0, 0],
      [300, 0],
      [0, 200],
      [300, 200],
    ]) {
      mapping.map(tile.x + x, tile.y + y, out);
      expect(out[0] - 1).toBeGreaterThan(source?.x ?? Infinity);
      expect(out[0] + 1).toBeLessThan((source?.x ?? 0) + (source?.width ?? 0));
      expect(out[1] - 1).toBeGreaterThan(source?.y ?? Infinity);
      expect(out[1] + 1).toBeLessThan((source?.y ?? 0) + (source?.height ?? 0));
    }
  });

  it.each([
    ['of cells of 16 pixels', utm32, PAIRS[0][2], { x: 1000, y: 2000, width: 300, height: 100 }],
    [
      'of cells of one pixel, around a pole',
      new GeoBox(3413, new Affine(50000, 0, -800000, 0, -50000, 813000), 32, 32),
      new GeoBox(4326, new Affine(0.5, 0, -180, 0, -0.5, 90), 720, 360),
      { x: 3, y: 2, width: 20, height: 25 },
    ],
  ] as const)('gives pixel corners, and the source window under them: %s', (_, destination, source, tile) => {
    const mapping = createPixelMapping(destination, source);
    const grid = new ControlGrid(mapping, 0.002, 2 ** 26, true);
    const window = grid.window(tile, 1);
    const out = new Float64Array(2);
    let worst = 0;
    for (let y = tile.y; y < tile.y + tile.height; y += 7) {
      for (let x = tile.x; x < tile.x + tile.width; x++) {
        const { cells, cellLog2, fractionBits } = grid.block(x >> 8, y >> 8);
        const size = 1 << cellLog2;
        const word = 10 * ((((y & 255) >> cellLog2) << (8 - cellLog2)) + ((x & 255) >> cellLog2));
        mapping.map(x + 0.5, y + 0.5, out);
        const centre = out[0];
        for (const [cx, cy] of [
          [-0.5, -0.5],
          [0.5, 0.5],
          [0.5, -0.5],
        ]) {
          const fx = (x & (size - 1)) + cx;
          const fy = (y & (size - 1)) + cy;
          const at = (k: number): number =>
            cells[word + k] +
            (cells[word + 2 + k] +
              fx * cells[word + 4 + k] +
              fy * cells[word + 6 + k] +
              (fx * fy * cells[word + 8 + k]) / 256) /
              2 ** fractionBits;
          mapping.map(x + 0.5 + cx, y + 0.5 + cy, out);
          // Around a pole columns repeat; a pixel's corners are taken on its own side, and the pixel is only nearly bilinear.
          const turned =
            out[0] - mapping.turn * (mapping.turn === 0 ? 0 : Math.round((out[0] - centre) / mapping.turn));
          const bent = mapping.turn === 0 ? 0 : Math.abs(turned - centre) ** 2 / 200 + 0.05;
          const off = Math.max(Math.abs(at(0) - turned), Math.abs(at(1) - out[1]));
          if (out[1] > 8 || mapping.turn === 0) worst = Math.max(worst, off - bent);
          if (turned < 0 || turned > source.width || window.source === null) continue;
          expect(turned).toBeGreaterThan(window.source.x);
          expect(turned).toBeLessThan(window.source.x + window.source.width);
        }
      }
    }
    expect(worst).toBeLessThan(0.002);
  });

  it('gives no source window outside the source', () => {
    const far = new GeoBox(32631, new Affine(10, 0, 300000, 0, -10, 4000000), 100, 100);
    const window = new ControlGrid(createPixelMapping(utm32, far)).window({
      x: 0,
      y: 0,
      width: 256,
      height: 256,
    });
    expect(window.source).toBeNull();
  });

  it('is exact on both sides of the antimeridian', () => {
    // UTM zone 60 reaches beyond 180° E; the sources are east of it, with longitudes from −180 and from 180.
    const destination = new GeoBox(32660, new Affine(1000, 0, 600000, 0, -1000, 1000000), 256, 256);
    const west = new GeoBox(4326, new Affine(0.01, 0, -180, 0, -0.01, 10), 200, 1000);
    const east = new GeoBox(4326, new Affine(0.01, 0, 180, 0, -0.01, 10), 200, 1000);
    const world = new GeoBox(4326, new Affine(0.01, 0, -180, 0, -0.01, 90), 36000, 18000);
    for (const source of [west, east]) {
      const mapping = createPixelMapping(destination, source);
      const out = new Float64Array(2);
      mapping.map(250, 100, out);
      expect(out[0]).toBeGreaterThan(0);
      expect(out[0]).toBeLessThan(200);
      expect(worstError(destination, source, 0.002)).toBeLessThan(0.0021);
    }
    // A world map is cut at 180°: columns at both ends, and none in between.
    const mapping = createPixelMapping(destination, world);
    const block = new ControlGrid(mapping).block(0, 0);
    expect(block.cellLog2).toBe(0);
    const columns = Array.from({ length: BLOCK_SIZE }, (_, lx) => evaluateBlock(block, lx, 100)[0]);
    expect(columns.some((x) => x > 35900)).toBe(true);
    expect(columns.some((x) => x < 100)).toBe(true);
    expect(columns.every((x) => x > 35700 || x < 300)).toBe(true);
  });

  it('is exact around a pole', () => {
    const destination = new GeoBox(3413, new Affine(1000, 0, -128000, 0, -1000, 128000), 256, 256);
    const source = new GeoBox(4326, new Affine(0.1, 0, -180, 0, -0.1, 90), 3600, 1800);
    expect(worstError(destination, source, 0.002)).toBeLessThan(0.0021);
  });

  it('marks positions outside a projection, and keeps the others', () => {
    // An orthographic projection shows one hemisphere.
    const globe = new GeoBox(
      '+proj=ortho +lat_0=0 +lon_0=0 +ellps=sphere',
      new Affine(10000, 0, -6.4e6, 0, -10000, 6.4e6),
      1280,
      1280,
    );
    const destination = new GeoBox(4326, new Affine(1, 0, -180, 0, -1, 90), 360, 180);
    const mapping = createPixelMapping(destination, globe);
    const block = new ControlGrid(mapping).block(1, 0);
    const out = new Float64Array(2);
    let outside = 0;
    for (let ly = 0; ly < 180; ly += 7) {
      for (let lx = 0; lx < 104; lx += 5) {
        mapping.map(256 + lx + 0.5, ly + 0.5, out);
        const [x, y] = evaluateBlock(block, lx, ly);
        if (Number.isNaN(out[0])) {
          outside++;
          expect(x).toBeLessThan(-1e6);
        } else {
          expect(Math.abs(x - out[0])).toBeLessThan(0.01);
          expect(Math.abs(y - out[1])).toBeLessThan(0.01);
        }
      }
    }
    expect(outside).toBeGreaterThan(100);
  });

  it('makes a window once, while it is cached', () => {
    const grid = new ControlGrid(createPixelMapping(utm32, utm32));
    const tile = { x: 300, y: 300, width: 1000, height: 1000 };
    const window = grid.window(tile);
    expect(grid.window({ ...tile })).toBe(window);
    // Another radius reads more of the source.
    expect(grid.window(tile, 3).source).toEqual({ x: 296, y: 296, width: 1008, height: 1008 });
    expect(window.source).toEqual({ x: 298, y: 298, width: 1004, height: 1004 });
    // Each has 20 or 25 blocks of 10 KiB: 8 MiB hold 40 of them at most.
    for (let y = 0; y < 60; y++) grid.window({ ...tile, y });
    expect(grid.window(tile)).not.toBe(window);
    expect(grid.window(tile)).toEqual(window);
  });

  it('keeps its memory bounded', () => {
    const mapping = createPixelMapping(utm32, PAIRS[0][2]);
    const grid = new ControlGrid(mapping, 0.002, 100_000);
    const first = grid.block(0, 0);
    for (let i = 1; i < 20; i++) grid.block(i, 0);
    expect(grid.block(0, 0)).not.toBe(first);
    expect(grid.block(0, 0).cells).toEqual(first.cells);
  });
});

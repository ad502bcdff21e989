import { describe, expect, it } from 'vitest';
import { Affine, GeoBox, gridsMeet, noOverlap } from '../../src/geo/node/index.js';

const degrees = (west: number, north: number, size = 1, pixels = 10): GeoBox =>
  new GeoBox(4326, new Affine(size / pixels, 0, west, 0, -size / pixels, north), pixels, pixels);

describe('gridsMeet', () => {
  const utm = new GeoBox(32631, new Affine(10, 0, 500000, 0, -10, 5000000), 100, 100);

  it.each<[string, GeoBox, GeoBox, boolean]>([
    ['the same grid', utm, utm, true],
    ['a pixel in degrees', utm, degrees(3.005, 45.15, 0.0001), true],
    ['a globe', utm, degrees(-180, 90, 180), true],
    ['another place', utm, degrees(8, 45), false],
    ['a neighbour', utm, utm.window(100, 0, 10, 10), false],
    ['a turn around the globe', degrees(179, 10), degrees(-181, 10), true],
    ['both sides of the antimeridian', degrees(179.5, 10), degrees(-180, 10), true],
    ['what a projection does not reach', new GeoBox(3031, new Affine(1000, 0, 0, 0, -1000, 0), 10, 10), degrees(3, 60), false],
  ])('%s', (_, a, b, expected) => {
    expect([gridsMeet(a, b), gridsMeet(b, a)]).toEqual([expected, expected]);
  }); // biome-ignore format: a table
});

describe('noOverlap', () => {
  it('suggests swapped coordinates only when the other order fits', () => {
    const source = degrees(-0.78, 38.12, 0.04);
    const messageOf = (grid: GeoBox): string => noOverlap('a.tif', source, 'the grid', grid).message;
    expect(messageOf(degrees(38.08, -0.74, 0.04))).toMatch(/longitude and latitude seem to be swapped/);
    expect(messageOf(degrees(38.08, 10, 0.04))).toBe(
      'a.tif does not overlap the grid: it lies at longitude -0.78 to -0.74, latitude 38.08 to 38.12, the grid at longitude 38.08 to 38.12, latitude 9.96 to 10; check that both show the same place.',
    );
  });
});

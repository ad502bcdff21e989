import { describe, expect, it } from 'vitest';
import { registerCommonEpsg } from '../../src/geo/common-epsg.js';
import rows from '../../src/geo/common-epsg.json' with { type: 'json' };
import { findEpsg } from '../../src/geo/epsg-registry.js';
import { Crs, createTransform } from '../../src/geo/index.js';

describe('the common EPSG codes', () => {
  it('are unknown until they are registered', () => {
    expect(() => Crs.fromEpsg(2154)).toThrow(/registerEpsg/);
    registerCommonEpsg();
    expect(Crs.fromEpsg(2154).name).toBe('RGF93 v1 / Lambert-93');
  });

  // `echo "lon lat" | gdaltransform -s_srs EPSG:4326 -t_srs EPSG:code -output_xy`, GDAL 3.6.2 with PROJ 9.1.1.
  it.each([
    [2154, 2.35, 48.85, 652301.564830528, 6861302.72589958],
    [2193, 174.8, -41.3, 1750697.52133419, 5426376.62316827],
    [3031, 30, -75, 819391.619203618, 1419227.9157568],
    [3035, 6.13, 49.61, 4041399.94709977, 2951502.82779705],
    [6933, 20, 30, 1929725.60501793, 3658789.32485501],
  ])('EPSG:%i has the position of PROJ', (code, longitude, latitude, x, y) => {
    const found = createTransform(Crs.wgs84, Crs.fromEpsg(code)).forward(longitude, latitude);
    expect(Math.hypot(found[0] - x, found[1] - y)).toBeLessThan(1e-4);
  });

  it('are equal to the database of Node', async () => {
    const registered = rows.map(([code]) => findEpsg(Number(code)));
    const { lookUpEpsg } = await import('../../src/geo/node/epsg.js');
    for (const [k, [code]] of rows.entries()) {
      const { wkt, ...entry } = lookUpEpsg(Number(code)) ?? {};
      expect(registered[k]).toEqual(entry);
    }
  });
});

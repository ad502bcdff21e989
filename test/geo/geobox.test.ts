import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Affine,
  Crs,
  GeoBox,
  GeoTensor,
  geoBoxOfSlice,
  geodesicLength,
  PixelAreas,
  ringArea,
  suggestGrid,
  suggestGridWithin,
  TimeInterval,
} from '../../src/geo/node/index.js';

describe('GeoBox.equals', () => {
  it.each([
    // Pixel size, easting, northing, rotation; whether the grid is equal within a hundredth of a pixel.
    [10, 5500000, [0, 0], true],
    [10, 5500000, [0, -4], false],
    [10, 5500000, [5, 0], false],
    [0.5, 5500000, [0, -1], false],
    [0.001, 5500000, [0.00002, 0], false],
    [0.00025, 50, [0.000001, 0.000001], true],
    [0.00025, 50, [0, 0.0001], false],
  ] as const)('compares by pixels: %f at %f, shifted by %o', (size, north, [dx, dy], same) => {
    const crs = north > 90 ? 32632 : 4326;
    const box = (x: number, y: number): GeoBox =>
      new GeoBox(crs, new Affine(size, 0, x, 0, -size, y), 40, 30);
    expect(box(8, north).equals(box(8 + dx, north + dy), 0.01)).toBe(same);
    const turned = (x: number): GeoBox => new GeoBox(crs, new Affine(0, size, x, size, 0, north), 40, 30);
    expect(turned(8).equals(turned(8 + dx), 0.01)).toBe(Math.abs(dx) <= 0.01 * size);
  });

  it('compares pixel sizes by the position of the last pixel', () => {
    const box = (size: number): GeoBox =>
      new GeoBox(4326, new Affine(size, 0, 8, 0, -size, 50), 10000, 10000);
    // A ten-thousandth of a pixel per pixel adds up to one pixel, or 1e-5 degrees, at the other end.
    expect(box(1e-5).equals(box(1.0001e-5), 0.01)).toBe(false);
    expect(box(1e-5).equals(box(1.0000001e-5), 0.01)).toBe(true);
  });
});

describe('Affine', () => {
  it('maps pixels as rasterio does', () => {
    // rasterio: Affine(10, 0, 300000, 0, -10, 5600000) * (2.5, 4)
    expect(new Affine(10, 0, 300000, 0, -10, 5600000).apply(2.5, 4)).toEqual([300025, 5599960]);
    expect(Affine.fromGeoTransform([300000, 10, 1, 5600000, 2, -10]).toTuple()).toEqual([
      10, 1, 300000, 2, -10, 5600000,
    ]);
  });

  it('composes right to left, and inverts', () => {
    const number = fc.double({ min: -100, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(number, number, number, number, number, number), number, number, (t, x, y) => {
        const affine = Affine.fromTuple(t);
        fc.pre(Math.abs(affine.determinant) > 1);
        const [u, v] = affine.inverse().apply(...affine.apply(x, y));
        expect(Math.hypot(u - x, v - y)).toBeLessThan(1e-6);
        const shift = Affine.translation(3, -2);
        const [p, q] = affine.compose(shift).apply(x, y);
        const [r, s] = affine.apply(...shift.apply(x, y));
        expect(Math.hypot(p - r, q - s)).toBeLessThan(1e-6);
      }),
    );
  });

  it('refuses to invert a singular transform', () => {
    expect(() => new Affine(1, 1, 0, 1, 1, 0).inverse()).toThrow(/cannot be inverted/);
  });
});

describe('GeoBox.fromBounds', () => {
  const luxembourg = [5.7333, 49.4426, 6.5282, 50.183] as const;

  it('with anchor fit gives the seed notebook’s grid', () => {
    const box = GeoBox.fromBounds(luxembourg, 'EPSG:32632', 10, { anchor: 'fit' });
    expect([box.width, box.height]).toEqual([6033, 8449]);
    expect(box.transform.toTuple()).toEqual([
      9.999522215554327, 0, 263209.339809777, 0, -9.999990001154945, 5564086.599782167,
    ]);
  });

  it('snaps outward to whole multiples of the resolution', () => {
    const box = GeoBox.fromBounds(luxembourg, 'EPSG:32632', 10);
    const [left, bottom, right, top] = box.bounds;
    // rasterio.warp.transform_bounds('EPSG:4326', 'EPSG:32632', …, densify_pts=21)
    const exact = [263209.339809777, 5479596.684262409, 323536.45733621623, 5564086.599782167];
    expect([left, bottom, right, top]).toEqual([263200, 5479590, 323540, 5564090]);
    expect(left).toBeLessThanOrEqual(exact[0]);
    expect(top).toBeGreaterThanOrEqual(exact[3]);
    expect(box.transform.a).toBe(10);
  });

  it('contains a pole, and an area across the antimeridian, once', () => {
    const polar = [-3850000, -5350000, 3750000, 5850000] as const;
    expect(GeoBox.fromBounds(polar, 4326, 0.25, { boundsCrs: 3413 }).bounds).toEqual([-180, 30.75, 180, 90]);
    const tile = [99960, 8000000, 209760, 8109760] as const;
    expect(GeoBox.fromBounds(tile, 4326, 0.25, { boundsCrs: 32701 }).bounds).toEqual([
      179, -18.25, 180.5, -17,
    ]);
    expect(GeoBox.fromBounds([179, -18, -179, -17], 4326, 0.5).bounds).toEqual([179, -18, 181, -17]);
    expect(GeoBox.fromSize([179, -18, -179, -17], 4326, 4, 2).bounds).toEqual([179, -18, 181, -17]);
    // Rounding beyond the edges of the world adds no pixels.
    const world = GeoBox.fromBounds([-180.000000001, -90.000000001, 180.000000001, 90.000000001], 4326, 0.25);
    expect([world.width, world.height]).toEqual([1440, 720]);
  });

  it('keeps bounds that are already multiples', () => {
    const box = GeoBox.fromBounds([300000, 5000000, 300100, 5000050], 32632, 10, { boundsCrs: 32632 });
    expect([box.width, box.height]).toEqual([10, 5]);
    const decimal = GeoBox.fromBounds([0.1, 0.2, 0.7, 0.5], 4326, 0.1);
    expect([decimal.width, decimal.height]).toEqual([6, 3]);
  });

  it('refuses empty bounds', () => {
    expect(() => GeoBox.fromBounds([6, 49, 5, 50], 32632, 10)).toThrow(/do not enclose an area/);
    expect(() => GeoBox.fromBounds([5, 49, 6, 50], 32632, 0)).toThrow(/resolution of 0/);
    expect(() => GeoBox.fromBounds([5, 49, Number.NaN, 50], 32632, 10)).toThrow(/enclose/);
  });
});

describe('suggestGrid', () => {
  // Size and geotransform of `gdalwarp -t_srs … [-tr 1000 1000]`, GDAL 3.6.2.
  it.each([
    [
      'EPSG:32632',
      [300000, 10, 0, 5600000, 0, -10],
      1098,
      1098,
      'EPSG:4326',
      undefined,
      1336,
      853,
      [6.178688951366775, 0.00011997046245466508, 0.0, 50.521389432136964, 0.0, -0.00011997046245466508],
    ],
    [
      'EPSG:32632',
      [300000, 60, 0, 5600040, 0, -60],
      1830,
      1830,
      'EPSG:3035',
      undefined,
      1854,
      1855,
      [4048604.5871839602, 60.02227145874594, 0.0, 3052203.0492291674, 0.0, -60.02227145874594],
    ],
    [
      'EPSG:4326',
      [5, 0.001, 0, 50, 0, -0.001],
      900,
      700,
      'EPSG:32632',
      undefined,
      771,
      909,
      [209226.3039053633, 88.98457186649058, 0.0, 5546300.847391559, 0.0, -88.98457186649058],
    ],
    [
      'EPSG:32632',
      [500000, 8.66, 5, 5500000, 5, -8.66],
      800,
      600,
      'EPSG:4326',
      undefined,
      997,
      599,
      [9.0, 0.0001379367613961441, 0.0, 49.6884813641807, 0.0, -0.0001379367613961441],
    ],
    [
      'EPSG:32632',
      [500000, 8.66, 5, 5500000, 5, -8.66],
      800,
      600,
      'EPSG:32632',
      undefined,
      993,
      920,
      [500000.0, 9.999779997579946, 0.0, 5504000.0, 0.0, -9.999779997579946],
    ],
    [
      'EPSG:3413',
      [-3850000, 25000, 0, 5850000, 0, -25000],
      304,
      448,
      'EPSG:4326',
      undefined,
      1093,
      179,
      [-180.0, 0.32936870997255263, 0.0, 90.0, 0.0, -0.3294267905340313],
    ],
    [
      'EPSG:3031',
      [-100000, 1000, 0, 110000, 0, -1000],
      250,
      240,
      'EPSG:4326',
      undefined,
      720,
      4,
      [-180.0, 0.5, 0.0, -88.17327439744122, 0.0, -0.3748083522185218],
    ],
    [
      'EPSG:32701',
      [99960, 60, 0, 8109760, 0, -60],
      1830,
      1830,
      'EPSG:4326',
      undefined,
      2595,
      7,
      [-179.9999997327441, 0.1387111948323188, 0.0, -17.061763268009443, 0.0, -0.1387111948323188],
    ],
    [
      'EPSG:32760',
      [600000, 100, 0, 8200000, 0, -100],
      3000,
      2000,
      'EPSG:3857',
      undefined,
      3634,
      19,
      [-20037508.261086088, 11027.230945664242, 0.0, -1833433.759798857, 0.0, -11027.230945664242],
    ],
    [
      'EPSG:4326',
      [178, 0.01, 0, -15, 0, -0.01],
      400,
      300,
      'EPSG:32701',
      undefined,
      399,
      313,
      [-38133.05762326438, 1082.8977172641746, 0.0, 8341431.159002916, 0.0, -1082.8977172641746],
    ],
    [
      'EPSG:4326',
      [178, 0.01, 0, -15, 0, -0.01],
      400,
      300,
      'EPSG:3857',
      undefined,
      506,
      4,
      [-20037508.003069118, 79105.89405976141, 0.0, -1689200.1396078935, 0.0, -79262.53939453322],
    ],
    [
      'EPSG:3857',
      [600000, 38.2, 0, 6600000, 0, -38.2],
      1000,
      2000,
      'EPSG:4326',
      undefined,
      1385,
      1756,
      [5.389891704717129, 0.000247798846903469, 0.0, 50.879464385427205, 0.0, -0.000247798846903469],
    ],
    [
      'EPSG:3577',
      [-2000000, 1000, 0, -1000000, 0, -1000],
      4500,
      4000,
      'EPSG:4326',
      undefined,
      5533,
      3911,
      [107.84615287800905, 0.00978708620251464, 0.0, -7.542167807887948, 0.0, -0.00978708620251464],
    ],
    [
      'EPSG:32633',
      [166000, 100, 0, 9000000, 0, -100],
      6680,
      2000,
      'EPSG:3413',
      undefined,
      5071,
      6785,
      [676693.5393957174, 97.72211729868712, 0.0, -202492.22803741592, 0.0, -97.72211729868712],
    ],
    [
      'EPSG:4326',
      [5, 0.001, 0, 50, 0, -0.001],
      900,
      700,
      'EPSG:3857',
      1000,
      100,
      120,
      [556597.4539663679, 1000.0, 0.0, 6446275.841017161, 0.0, -1000.0],
    ],
    [
      'EPSG:4326',
      [-180, 0.5, 0, 90, 0, -0.5],
      720,
      360,
      'EPSG:6933',
      undefined,
      741,
      313,
      [-17367530.445161372, 46847.49734022827, 0.0, 7342230.13649868, 0.0, -46847.49734022827],
    ],
  ] as const)(
    '%s %j of %d × %d in %s is as gdalwarp has it',
    (crs, source, width, height, target, resolution, wantedWidth, wantedHeight, wanted) => {
      const box = new GeoBox(crs, Affine.fromGeoTransform(source), width, height);
      const found = suggestGrid(box, target, resolution);
      expect([found.width, found.height]).toEqual([wantedWidth, wantedHeight]);
      const { a, b, c, d, e, f } = found.transform;
      expect([c, a, b, f, d, e]).toBeCloseToArray([...wanted], 1e-3 * wanted[1]);
    },
  );

  // Sizes of `gdalwarp -t_srs … -te …`, GDAL 3.6.2.
  it.each([
    [
      'EPSG:32632',
      [300000, 10, 0, 5600000, 0, -10],
      [1098, 1098],
      'EPSG:4326',
      [6.226773112718605, 50.454871809228976, 6.292488133232772, 50.5009224712422],
      [570, 399],
    ],
    [
      'EPSG:32632',
      [300000, 10, 0, 5600000, 0, -10],
      [1098, 1098],
      'EPSG:3577',
      [-16198646.143577214, -4692250.789169878, -16191425.129213613, -4682435.857087524],
      [1067, 1450],
    ],
    [
      'EPSG:4326',
      [200, 0.05, 0, 40, 0, -0.05],
      [500, 300],
      'EPSG:3035',
      [453450.58352966234, 11579709.764832845, 2028879.1470075613, 12582364.376497515],
      [318, 203],
    ],
    [
      'EPSG:4326',
      [-182, 0.01, 0, -15, 0, -0.01],
      [400, 300],
      'EPSG:3413',
      [-11952638.54036683, 11446600.134201698, -11359850.693144826, 12097220.942128288],
      [208, 228],
    ],
    [
      'EPSG:32632',
      [500000, 8.66, 5, 5500000, 5, -8.66],
      [800, 600],
      'EPSG:3857',
      [1006469.208396228, 6383258.5169324055, 1012747.3897804747, 6389656.516235635],
      [407, 414],
    ],
    [
      'EPSG:32632',
      [500000, 20, 0, 5000000, 0, -10],
      [500, 1500],
      'EPSG:2193',
      [333456.7736720301, 24873731.760090753, 338800.42278429586, 24881391.288898133],
      [361, 517],
    ],
  ] as const)(
    '%s %j of %j in %s within %j has the size of gdalwarp',
    (crs, source, size, target, bounds, wanted) => {
      const box = new GeoBox(crs, Affine.fromGeoTransform(source), size[0], size[1]);
      const found = suggestGridWithin(box, target, bounds);
      expect([found.width, found.height]).toEqual(wanted);
      expect(found.bounds).toBeCloseToArray([...bounds], 1e-8);
    },
  );

  it('takes the pixels of the whole raster for bounds outside it', () => {
    const box = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5600000), 1098, 1098);
    const size = suggestGrid(box, 4326).resolution[0];
    expect(suggestGridWithin(box, 4326, [7, 50.4, 7.1, 50.5]).width).toBe(Math.round(0.1 / size));
  });

  it('refuses a raster outside the target CRS', () => {
    const box = new GeoBox(4326, new Affine(0.01, 0, 98, 0, -0.01, 0.5), 100, 100);
    expect(() => suggestGrid(box, 32632)).toThrow(/lies outside the domain of EPSG:32632/);
  });
});

describe('GeoBox', () => {
  const box = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5500000), 100, 50);

  it('windows and coarsens on the same extent', () => {
    expect(box.window(10, 5, 20, 10).bounds).toEqual([300100, 5499850, 300300, 5499950]);
    const coarse = box.coarsen(3);
    expect([coarse.width, coarse.height]).toEqual([34, 17]);
    expect(coarse.transform.a).toBe(30);
  });

  it('has a counter-clockwise footprint', () => {
    const ring = box.footprint();
    expect(ring[0]).toEqual(ring.at(-1));
    let twiceArea = 0;
    for (let i = 0; i + 1 < ring.length; i++)
      twiceArea += ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
    expect(twiceArea).toBeGreaterThan(0);
  });

  it('survives JSON', () => {
    expect(GeoBox.fromJSON(JSON.parse(JSON.stringify(box))).equals(box)).toBe(true);
  });

  it('refuses impossible sizes', () => {
    expect(() => new GeoBox(32632, Affine.identity, 0, 5)).toThrow(/grid width of 0/);
    expect(() => new GeoBox(32632, Affine.identity, 1.5, 5)).toThrow(/1\.5/);
    expect(() => new GeoBox(32632, new Affine(0, 0, 0, 0, 0, 0), 5, 5)).toThrow(/cannot be inverted/);
    expect(() => box.requireAtMost(4999, 'shrink it')).toThrow(/100 × 50.*limit of 4999.*shrink it/);
  });

  it('can be sliced', () => {
    const slice = {
      bounds: [300003, 5499000, 300097, 5499500] as const,
      crs: Crs.fromEpsg(32632),
      resolution: 10,
      interval: TimeInterval.always,
    };
    expect(geoBoxOfSlice(slice).bounds).toEqual([300000, 5499000, 300100, 5499500]);
  });
});

describe('GeoTensor', () => {
  const geobox = new GeoBox(32632, new Affine(10, 0, 0, 0, -10, 0), 3, 2);

  it('checks its shape against its grid', () => {
    const data = new Float32Array(12);
    const tensor = new GeoTensor({
      data,
      shape: [2, 2, 3],
      dimensions: ['band', 'y', 'x'],
      geobox,
      nodata: -1,
    });
    expect(tensor.dtype).toBe('float32');
    const plane = tensor.plane(1);
    plane.data[0] = 7;
    expect(data[6]).toBe(7);
    expect(plane.nodata).toBe(-1);
    expect(() => new GeoTensor({ data, shape: [4, 3], dimensions: ['y', 'x'], geobox })).toThrow(
      /does not fit a grid of 3 × 2/,
    );
    expect(() => tensor.plane(2)).toThrow(/no plane 2/);
  });
});

describe('ground areas', () => {
  it('agree with the ellipsoid', () => {
    // The whole ellipsoid: 510 065 621.724 km² (WGS 84, Moritz 2000).
    const hemisphere = ringArea([
      [0, 0],
      [90, 0],
      [180, 0],
      [-90, 0],
    ]);
    expect(hemisphere / 1e12).toBeCloseTo(510.065621724 / 2, 6);
  });

  it('are true areas in a projection that distorts area', () => {
    // Web Mercator stretches lengths by 1 / cos φ: at 60° a pixel of 10 m is 5 m, up to the ellipsoid's 0.7 %.
    const mercator = new GeoBox(3857, new Affine(10, 0, 0, 0, -10, 8399738), 64, 64);
    expect(new PixelAreas(mercator).at(0, 0)).toBeGreaterThan(24.9);
    expect(new PixelAreas(mercator).at(0, 0)).toBeLessThan(25.3);
    // UTM: the scale on the central meridian is 0.9996, so a pixel is 100 / 0.9996² m².
    const utm = new GeoBox(32632, new Affine(10, 0, 500000, 0, -10, 5500000), 64, 64);
    expect(new PixelAreas(utm).at(10, 10)).toBeCloseTo(100 / 0.9996 ** 2, 3);
  });

  it('vary within blocks with the projection, and add up to whole areas', () => {
    // Longitude and latitude: areas shrink northwards, by 2e-6 per row of 11 m at 50°, by 5e-4 per block.
    const grid = new GeoBox(4326, new Affine(0.0001, 0, 6, 0, -0.0001, 50.7), 300, 700);
    const areas = new PixelAreas(grid);
    let total = 0;
    for (let y = 0; y < grid.height; y++) {
      total += areas.row(y).reduce((sum, area) => sum + area, 0);
      for (const x of [0, 255, 256, 299]) expect(areas.row(y)[x]).toBeCloseTo(areas.at(x, y), 6);
    }
    expect(total / ringArea(grid.footprint(64))).toBeCloseTo(1, 6);
    for (const y of [0, 100, 300, 699]) {
      const pixel = new GeoBox(4326, grid.transform.compose(Affine.translation(150, y)), 1, 1);
      expect(areas.at(150, y) / ringArea(pixel.footprint(8))).toBeCloseTo(1, 6);
    }
  });

  it("geodesics have GeographicLib's length", () => {
    // pyproj 3.4.1: Geod(ellps="WGS84").inv(6, 49.5, 6.5, 50)
    expect(geodesicLength([6, 49.5], [6.5, 50])).toBeCloseTo(66265.13373190461, 6);
  });
});

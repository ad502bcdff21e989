import { describe, expect, it } from 'vitest';
import {
  Crs,
  createTransform,
  crsFromGeoKeys,
  encodeGeoKeys,
  parseGeoKeys,
  transformBounds,
} from '../../src/geo/node/index.js';

/** `echo "lon lat" | gdaltransform -s_srs EPSG:4326 -t_srs EPSG:code -output_xy`, GDAL 3.6.2 with PROJ 9.1.1. */
const PROJ_TRUTH = [
  [32632, 6.13, 49.61, 292670.257611269, 5499226.72059737],
  [32631, 2.35, 48.85, 452314.891233666, 5410984.88760444],
  [3035, 6.13, 49.61, 4041399.94709977, 2951502.82779705],
  [3857, -70.5, -38.9, -7848024.10092579, -4707357.53626792],
  [3413, -45, 75, 0, -1633879.49747079],
  [3031, 30, -75, 819391.619203618, 1419227.9157568],
  [2193, 174.8, -41.3, 1750697.52133419, 5426376.62316827],
  [6933, 20, 30, 1929725.60501793, 3658789.32485501],
  [2154, 2.35, 48.85, 652301.564830528, 6861302.72589958],
] as const;

/** As above, where PROJ and the seven parameters of EPSG:1314 and CH1903+ agree to centimetres or a metre. */
const DATUM_TRUTH = [
  [2056, 8.23, 46.8, 2660411.92973001, 1183508.37701933, 0.1],
  [27700, -1.5, 52.2, 434269.902351421, 255869.772490204, 0.1],
] as const;

/** As above: westing and southing axes, ellipsoids that proj4js lacks, and shifts that are wrong in its npm package. */
const CORRECTED: [code: number, lon: number, lat: number, x: number, y: number, tolerance?: number][] = [
  [2050, 23.5, -33.9, -46246.675, 3752681.8425],
  [5513, 14.42, 50.09, 1042721.3635, 742860.0835, 15],
  [32232, 9.5, 48, 537286.232, 5316416.4471],
  [20909, 51.5, 55, 9531996.9233, 6097344.1848],
  [2169, 6.13, 49.61, 77244.6955, 75041.8709],
  [3021, 15, 59.3, 1454127.0654, 6575735.4718],
  [2393, 27, 62, 3500170.438, 6877062.9094],
  [5683, 9, 51, 3500073.7118, 5651645.5516],
  [2326, 114.17, 22.3, 835559.6421, 817895.7547],
  [31281, 10.5, 47.3, 12628.8129, 5240143.2755],
  [28404, 21, 52, 4500128.0066, 5763478.8814],
];

describe('Crs', () => {
  it.each(CORRECTED)('EPSG:%i agrees with PROJ in position', (code, lon, lat, x, y, tolerance = 1) => {
    const crs = Crs.fromEpsg(code);
    const [px, py] = createTransform(Crs.wgs84, crs).forward(lon, lat);
    expect(Math.hypot(px - x, py - y)).toBeLessThan(tolerance);
    expect(crs.accuracyNote === null).toBe(tolerance === 1);
    const [bx, by] = createTransform(crs, Crs.wgs84).forward(px, py);
    expect(Math.hypot(bx - lon, by - lat)).toBeLessThan(1e-7);
    // GeoTIFF keys give the same.
    if (crs.wkt?.includes('TOWGS84') === true && crs.projection.axis === 'enu') {
      const again = Crs.fromWkt(crs.wkt.replace(/,AUTHORITY\["EPSG","\d+"\]\]$/, ']'));
      expect(again.epsg).toBeNull();
      expect(again.equals(crs)).toBe(true);
    }
  });

  it('distinguishes axis orders', () => {
    const south = Crs.fromEpsg(2050);
    const north = Crs.fromProj('+proj=tmerc +lat_0=0 +lon_0=23 +k=1 +ellps=WGS84 +towgs84=0,0,0 +units=m');
    expect(south.equals(north)).toBe(false);
    const [x, y] = createTransform(north, south).forward(1000, -2000);
    expect([x, y]).toEqual([-1000, 2000].map((v) => expect.closeTo(v, 6)));
  });

  it('refuses definitions that proj4js would misread silently', () => {
    expect(() => Crs.fromProj('+proj=longlat +ellps=nowhere +no_defs')).toThrow(
      /ellipsoid "nowhere" is not known/,
    );
    expect(Crs.fromProj('+proj=longlat +ellps=wgs84 +no_defs').isGeographic).toBe(true);
    expect(() => Crs.fromEpsg(4807)).toThrow(/EPSG:4807 .* in grads; convert/);
    expect(() => Crs.fromEpsg(3139)).toThrow(/hyperbolic Cassini-Soldner/);
  });

  it('takes the authalic sphere when a definition asks for it', () => {
    // Miller and Van der Grinten, ESRI:54003 and 54029, beside PROJ 9.1.
    for (const [code, x, y] of [
      [54003, 1145309.035374337, 5397284.275679841],
      [54029, 1062355.7680446568, 5394757.124499641],
    ] as const) {
      const place = createTransform(Crs.wgs84, Crs.fromEpsg(code)).forward(10.3, 45.2);
      expect(place).toEqual([x, y].map((v) => expect.closeTo(v, 3)));
    }
    expect(() => Crs.fromProj('+proj=mill +R_A +ellps=intl +units=m')).toThrow(
      /sphere in place of an ellipsoid/,
    );
  });

  it('reports that Esri’s codes with only an ellipsoid have no known datum shift', () => {
    expect(Crs.fromEpsg(102013).accuracyNote).toMatch(/no shift .* is known/);
    expect(Crs.fromEpsg(54009).accuracyNote).toBeNull();
    expect(Crs.fromEpsg(102008).accuracyNote).toBeNull();
  });

  it('gives the error of one shift when a datum has several', () => {
    // PROJ chooses among 40 operations by position.
    expect(Crs.fromEpsg(4230).accuracyNote).toMatch(/EPSG:4230: one shift .* off by up to \d+ m/);
    expect(Crs.fromEpsg(4809).accuracyNote).toMatch(/no shift .* is known/);
  });

  it.each(PROJ_TRUTH)('EPSG:%i agrees with PROJ', (code, lon, lat, x, y) => {
    const transform = createTransform(Crs.wgs84, Crs.fromEpsg(code));
    const [px, py] = transform.forward(lon, lat);
    expect(Math.hypot(px - x, py - y)).toBeLessThan(1e-4);
    const [bx, by] = createTransform(Crs.fromEpsg(code), Crs.wgs84).forward(x, y);
    expect(Math.hypot(bx - lon, by - lat)).toBeLessThan(1e-8);
  });

  it.each(DATUM_TRUTH)(
    'EPSG:%i agrees with PROJ through a datum shift',
    (code, lon, lat, x, y, tolerance) => {
      const [px, py] = createTransform(Crs.wgs84, Crs.fromEpsg(code)).forward(lon, lat);
      expect(Math.hypot(px - x, py - y)).toBeLessThan(tolerance);
    },
  );

  it('gives the error of a missing datum grid', () => {
    expect(Crs.fromEpsg(27700).accuracyNote).toMatch(/OSTN15.*good to 2 m/);
    expect(Crs.fromEpsg(4267).accuracyNote).toMatch(/NTv2_0\.gsb.*good to 20 m/);
    expect(Crs.fromEpsg(32632).accuracyNote).toBeNull();
  });

  it.each([
    ['EPSG:32632', 32632],
    ['epsg:4326', 4326],
    ['3857', 3857],
    ['urn:ogc:def:crs:EPSG::2056', 2056],
    ['http://www.opengis.net/def/crs/EPSG/0/32633', 32633],
    ['OGC:CRS84', 4326],
    ['http://www.opengis.net/def/crs/OGC/1.3/CRS84', 4326],
    ['https://www.opengis.net/def/crs/OGC/0/CRS84h', 4326],
    ['+init=epsg:32632', 32632],
    ['+init=EPSG:27700 +no_defs +type=crs', 27700],
    ['ESRI:102100', 3857],
    ['EPSG:3785', 3857],
  ])('reads %s', (text, epsg) => {
    expect(Crs.parse(text).epsg).toBe(epsg);
  });

  // By PROJ 9.1.1 (pyproj), without a shift between datums.
  it.each([
    ['EPSG:3408', [30, 60], [1648995.147090443, -2856143.376195162]],
    ['EPSG:3409', [30, -60], [1648995.147090444, 2856143.376195164]],
    ['EPSG:3410', [30, 60], [2889032.323947812, 6371227.999999999]],
    ['EPSG:3411', [30, 60], [3209994.1851676586, -860115.3496242746]],
    ['EPSG:3412', [30, -60], [1661615.259579475, 2878002.0522234]],
    ['EPSG:3973', [30, 60], [1654909.7755102445, -2866387.813126149]],
    ['EPSG:3974', [30, -60], [1654909.775510242, 2866387.813126145]],
    ['EPSG:3975', [30, 60], [2894588.407526895, 6351419.997326233]],
    // GDAL has the easting first here too.
    ['+proj=utm +zone=32 +datum=WGS84 +axis=neu', [10, 50], [571666.447503436, 5539109.8152988]],
  ] as const)('puts %s where PROJ has it', (text, [longitude, latitude], wanted) => {
    const found = createTransform(Crs.wgs84, Crs.parse(text)).forward(longitude, latitude);
    expect(found).toBeCloseToArray([...wanted], 1e-4);
  });

  it.each(['', ' +to_meter=0.0174532925199433'])('gives degrees of a rotated pole with "%s"', (unit) => {
    const pole = '+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=39.25 +lon_0=18 +ellps=WGS84';
    // By PROJ 9.1.1.
    const found = createTransform(Crs.wgs84, Crs.parse(pole + unit)).forward(10, 50);
    expect(found).toBeCloseToArray([-5.132644799516191, -0.4724280878272969], 1e-9);
    // Beyond the pole of the rotated CRS is no position; longitudes repeat.
    const { forward } = createTransform(Crs.parse(pole + unit), Crs.wgs84);
    expect(forward(10, 95)).toEqual([Number.NaN, Number.NaN]);
    expect(forward(200, 10)).toBeCloseToArray(forward(-160, 10), 1e-9);
  });

  it('reads WKT by its root identifier, and WKT without one by its parameters', () => {
    const { wkt } = Crs.fromEpsg(2154);
    expect(Crs.parse(wkt ?? '').epsg).toBe(2154);
    const anonymous = (Crs.fromEpsg(32632).wkt ?? '').replace(/,AUTHORITY\["EPSG","32632"\]\]$/, ']');
    const crs = Crs.parse(anonymous);
    expect(crs.epsg).toBeNull();
    expect(crs.name).toBe('WGS 84 / UTM zone 32N');
    expect(crs.equals(Crs.fromEpsg(32632))).toBe(true);
  });

  it('compares by definition, not by text', () => {
    expect(Crs.parse('+proj=utm +zone=32 +datum=WGS84').equals(Crs.fromEpsg(32632))).toBe(true);
    expect(Crs.fromEpsg(32631).equals(Crs.fromEpsg(32632))).toBe(false);
    expect(Crs.fromEpsg(32632).equals(Crs.fromEpsg(32732))).toBe(false);
    expect(Crs.fromEpsg(4326).equals(Crs.fromEpsg(4267))).toBe(false);
    expect(Crs.fromEpsg(2056).equals(Crs.fromEpsg(21781))).toBe(false);
  });

  it('has a kind and units', () => {
    expect(Crs.wgs84.isGeographic).toBe(true);
    expect(Crs.wgs84.metresPerUnit).toBeNull();
    expect(Crs.fromEpsg(32632).metresPerUnit).toBe(1);
    expect(Crs.fromEpsg(2263).metresPerUnit).toBeCloseTo(0.3048006096, 9);
  });

  it.each(['EPSG:999999', 'EPSG:4978', 'Luxembourg', '+proj=nothing', ''])(
    'refuses %s in one sentence',
    (text) => {
      expect(() => Crs.parse(text)).toThrow(/; .*\.$/);
    },
  );

  it('gives NaN outside a projection, never garbage', () => {
    const mercator = createTransform(Crs.wgs84, Crs.fromEpsg(3857));
    expect(mercator.forward(0, 90)).toEqual([NaN, NaN]);
    expect(mercator.forward(NaN, 0)).toEqual([NaN, NaN]);
    const utm = createTransform(Crs.wgs84, Crs.fromEpsg(32632));
    expect(utm.forward(99, 0)).toEqual([NaN, NaN]);
  });

  it.each([
    // Positions off the globe, for which inverse formulas give a result.
    ['+proj=robin', [16_000_000, 5_000_000]],
    ['+proj=robin', [0, 8_640_000]],
    ['+proj=moll', [17_000_000, 4_000_000]],
    ['+proj=sinu', [15_000_000, 7_000_000]],
    ['+proj=eqearth', [17_000_000, 3_000_000]],
    ['+proj=ortho +lat_0=30 +lon_0=10', [5_000_000, 5_000_000]],
    ['+proj=laea +lat_0=90', [9_100_000, 9_100_000]],
    ['+proj=geos +h=35786023', [5_000_000, 3_000_000]],
    ['+proj=tpers +h=5500000 +lat_0=40', [4_400_000, 4_400_000]],
    ['+proj=cea', [0, 6_400_000]],
    ['+proj=eqc', [0, 10_100_000]],
    ['+proj=mill', [0, 14_900_000]],
    ['+proj=aeqd', [20_100_000, 0]],
    ['+proj=utm +zone=32', [30_000_000, 0]],
  ] as const)('%s: what lies off the globe has no place', (projection, [x, y]) => {
    const map = Crs.parse(`${projection} +datum=WGS84 +units=m +no_defs`);
    expect(createTransform(map, Crs.wgs84).forward(x, y)).toEqual([NaN, NaN]);
    expect(createTransform(map, Crs.fromEpsg(3857)).forward(x, y)).toEqual([NaN, NaN]);
  });

  it.each(['+proj=gnom +lat_0=90', '+proj=tpers +h=5500000 +lat_0=90', '+proj=ortho +lat_0=90'])(
    '%s: points behind the horizon have no position',
    (projection) => {
      const map = Crs.parse(`${projection} +datum=WGS84 +units=m +no_defs`);
      const { forward } = createTransform(Crs.wgs84, map);
      expect(forward(20, -60)).toEqual([NaN, NaN]);
      expect(forward(20, 60)).not.toContain(NaN);
    },
  );

  it('keeps both sides of the meridian at which a map is cut', () => {
    const map = Crs.parse('+proj=robin +lon_0=0 +datum=WGS84 +units=m +no_defs');
    for (const longitude of [-180, 180]) {
      const [x, y] = createTransform(Crs.wgs84, map).forward(longitude, 42);
      const [back, latitude] = createTransform(map, Crs.wgs84).forward(x + 1e-3 * Math.sign(longitude), y);
      expect(Math.abs(back)).toBeCloseTo(180, 3);
      expect(latitude).toBeCloseTo(42, 4);
    }
  });

  it('keeps x of cylindrical maps beyond the edge of the world', () => {
    const [longitude] = createTransform(Crs.fromEpsg(3857), Crs.wgs84).forward(20_100_000, 0);
    expect(longitude).toBeCloseTo(-180 + (20_100_000 - 20037508.342789244) / 111319.49079327357, 9);
  });

  it('computes the orthographic projection on the ellipsoid', () => {
    // pyproj 3.4.1 with PROJ 9.1.1
    const map = Crs.parse('+proj=ortho +lat_0=30 +lon_0=10 +datum=WGS84 +units=m +no_defs');
    for (const [place, position] of [
      [
        [60, -20],
        [4593077.143734382, -3785801.029286565],
      ],
      [
        [-60, 75],
        [-1556096.166631772, 5051644.810960722],
      ],
      [
        [150, 80],
        [714243.0112756201, 5865028.182980651],
      ],
      [
        [95.54684402582247, 12.876670596819578],
        [6.2e6, 1e6],
      ],
      [
        [-10.187818271186025, -24.75471372340111],
        [-2e6, -5e6],
      ],
    ] as const) {
      const [x, y] = createTransform(Crs.wgs84, map).forward(place[0], place[1]);
      expect([x - position[0], y - position[1]].map(Math.abs).every((d) => d < 1e-6)).toBe(true);
      const [longitude, latitude] = createTransform(map, Crs.wgs84).forward(position[0], position[1]);
      expect([longitude, latitude]).toBeCloseToArray([...place], 1e-10);
    }
  });

  it('distinguishes the poles of an equirectangular map', () => {
    const map = Crs.parse('+proj=eqc +lat_ts=60 +datum=WGS84 +units=m +no_defs');
    // pyproj, as above
    expect(createTransform(Crs.wgs84, map).forward(20, 90)).toBeCloseToArray(
      [1113194.9079, 10018754.1714],
      1e-3,
    );
  });
});

describe('transformBounds', () => {
  it('densifies edges as rasterio does', () => {
    // rasterio.warp.transform_bounds('EPSG:32632', 'EPSG:4326', …, densify_pts=21), rasterio 1.3.5
    const bounds = transformBounds([263200, 5479590, 323540, 5564090], Crs.fromEpsg(32632), Crs.wgs84);
    const expected = [5.682990322259492, 49.422834769139314, 6.5656594546462825, 50.202658255290984];
    for (const [i, value] of bounds.entries()) expect(value).toBeCloseTo(expected[i], 6);
  });

  // rasterio.warp.transform_bounds, rasterio 1.3.5 with PROJ 9.1.1, its east counted on from 180 where it is less than
  // the west.
  it.each([
    [3413, [-3850000, -5350000, 3750000, 5850000], [-180, 30.97951, 180, 90]],
    [3413, [-1e6, 1e5, 1e6, 1e6], [50.71059, 76.99882, 219.28941, 89.07689]],
    [3031, [-100000, -130000, 150000, 110000], [-180, -90, 180, -88.17327]],
    [6931, [-9e6, -9e6, 9e6, 9e6], [-180, -84.63405, 180, 90]],
    [6933, [-17367530.45, -7314540.83, 17367530.45, 7314540.83], [-180, -85.04457, 180, 85.04457]],
    [32632, [300000, 9.9e6, 700000, 1.01e7], [-180, 87.98934, 180, 90]],
    [32701, [99960, 8000000, 209760, 8109760], [179.22226, -18.06923, 180.27301, -17.06176]],
    [32760, [600000, 8000000, 900000, 8200000], [177.93593, -18.08639, 180.77736, -16.24777]],
    [32601, [200000, 5000000, 300000, 5100000], [179.12639, 45.0898, 180.45688, 46.02435]],
  ] as const)('EPSG:%d: poles inside are found, and longitudes count on', (code, bounds, expected) => {
    const found = transformBounds(bounds, Crs.fromEpsg(code), Crs.wgs84);
    expect(found).toBeCloseToArray([...expected], 1e-4);
  });

  it('gives half of the longitudes when a side goes through a pole, and a quarter when two do', () => {
    const polar = Crs.fromEpsg(3413);
    const half = transformBounds([-1e6, 0, 1e6, 1e6], polar, Crs.wgs84);
    expect([half[0], half[2], half[3]]).toBeCloseToArray([45, 225, 90], 1e-9);
    const quarter = transformBounds([0, 0, 1e6, 1e6], polar, Crs.wgs84);
    expect([quarter[0], quarter[2], quarter[3]]).toBeCloseToArray([45, 135, 90], 1e-9);
  });

  it('reads west greater than east as a box across the antimeridian', () => {
    const pacific = Crs.fromEpsg(3832);
    // transform_bounds('EPSG:4326', 'EPSG:3832', 170, -20, -170, -10)
    const expected = [2226389.81587, -2258423.6491, 4452779.63173, -1111475.10285];
    expect(transformBounds([170, -20, -170, -10], Crs.wgs84, pacific)).toBeCloseToArray(expected, 1e-4);
    expect(transformBounds([170, -20, -170, -10], Crs.wgs84, Crs.wgs84)).toEqual([170, -20, 190, -10]);
    // On a map that is cut there x continues, too.
    const [x0, , x1] = transformBounds([170, -20, -170, -10], Crs.wgs84, Crs.fromEpsg(3857));
    expect([x0, x1]).toBeCloseToArray([170 * 111319.49079327357, 190 * 111319.49079327357], 1e-6);
  });

  it('ends at the poles, despite rounding or half a pixel', () => {
    // transform_bounds('EPSG:4326', 'EPSG:6933', -180, -90, 180, 90)
    const world = [-17367530.44516, -7342230.1365, 17367530.44516, 7342230.1365];
    for (const beyond of [0, 1e-9, 0.05]) {
      const bounds = [-180 - beyond, -90 - beyond, 180 + beyond, 90 + beyond] as const;
      expect(transformBounds(bounds, Crs.wgs84, Crs.fromEpsg(6933))).toBeCloseToArray(world, 1e-4);
    }
    // A map wider and higher than the world.
    const wide = transformBounds([-17.5e6, -7.4e6, 17.5e6, 7.4e6], Crs.fromEpsg(6933), Crs.wgs84);
    expect(wide).toBeCloseToArray([-180, -90, 180, 90], 1e-6);
  });

  it('finds the edge of the globe', () => {
    const disc = Crs.parse('+proj=geos +h=35786023 +lon_0=-75 +sweep=x +datum=WGS84 +units=m +no_defs');
    const found = transformBounds([-5.5e6, -5.5e6, 5.5e6, 5.5e6], disc, Crs.wgs84);
    // The angle at the Earth's centre between the satellite and the limb: acos(a / (a + h)), in longitude.
    const limb = (Math.acos(6378137 / (6378137 + 35786023)) * 180) / Math.PI;
    expect([found[0], found[2]]).toBeCloseToArray([-75 - limb, -75 + limb], 1e-3);
    const globe = Crs.parse('+proj=ortho +lat_0=30 +lon_0=10 +datum=WGS84 +units=m +no_defs');
    expect(transformBounds([-7e6, -7e6, 7e6, 7e6], globe, Crs.wgs84)).toBeCloseToArray(
      [-180, -60, 180, 90],
      0.01,
    );
  });

  it('contains the whole circle around a pole', () => {
    const north = Crs.fromEpsg(3413);
    const [x] = createTransform(Crs.wgs84, north).forward(45, 88);
    const bounds = transformBounds([-180, 88, 180, 90], Crs.wgs84, north);
    for (const side of bounds) expect(Math.abs(side)).toBeGreaterThan(x * (1 - 1e-5));
    for (const side of bounds) expect(Math.abs(side)).toBeLessThan(x * (1 + 1e-5));
  });

  it('refuses bounds outside the target', () => {
    expect(() => transformBounds([98, -1, 99.5, 0], Crs.wgs84, Crs.fromEpsg(32632))).toThrow(
      /outside the domain/,
    );
  });
});

describe('GeoTIFF keys', () => {
  it('survive a round trip', () => {
    for (const code of [32632, 4326, 3035]) {
      const { directory } = encodeGeoKeys(Crs.fromEpsg(code));
      const keys = parseGeoKeys(directory, [], '');
      expect(crsFromGeoKeys(keys).crs?.epsg).toBe(code);
    }
  });

  it.each([
    '+proj=tmerc +lat_0=49 +lon_0=7.3 +k=0.99987 +x_0=80000 +datum=WGS84',
    '+proj=utm +zone=33 +south +ellps=intl +towgs84=-87,-98,-121',
    '+proj=lcc +lat_1=45 +lat_2=52 +lat_0=47 +lon_0=8 +datum=NAD83 +units=us-ft',
    '+proj=lcc +lat_1=47 +lat_0=47 +lon_0=8 +k_0=0.9996 +datum=WGS84',
    '+proj=aea +lat_1=29.5 +lat_2=45.5 +lat_0=23 +lon_0=-96 +datum=NAD83 +to_meter=2.5',
    '+proj=stere +lat_0=90 +lat_ts=69 +lon_0=-44 +ellps=GRS80',
    '+proj=stere +lat_0=-90 +k=0.98 +lon_0=20 +datum=WGS84',
    '+proj=stere +lat_0=50 +lon_0=20 +k=0.9 +datum=WGS84',
    '+proj=merc +lon_0=20 +lat_ts=42 +datum=WGS84',
    '+proj=sinu +lon_0=10 +a=6371007.181 +b=6371007.181',
    '+proj=eqc +lat_ts=30 +lon_0=5 +datum=WGS84',
    '+proj=longlat +ellps=bessel +pm=2.33722917 +towgs84=1,2,3,4,5,6,7',
  ])('represent %s', (definition) => {
    const crs = Crs.fromProj(definition);
    const { directory, doubles, ascii } = encodeGeoKeys(crs);
    const found = crsFromGeoKeys(parseGeoKeys(directory, doubles, ascii)).crs;
    expect(found?.epsg).toBeNull();
    expect(found?.equals(crs)).toBe(true);
    expect(found?.isGeographic).toBe(crs.isGeographic);
  });

  it('have the code of the datum that a WKT names', () => {
    const wkt =
      'PROJCS["mine",GEOGCS["ETRS89",DATUM["European_Terrestrial_Reference_System_1989",SPHEROID["GRS 1980",6378137,298.257222101]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4258"]],PROJECTION["Equirectangular"],PARAMETER["latitude_of_origin",0],PARAMETER["standard_parallel_1",30],PARAMETER["central_meridian",5],PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1]]';
    const crs = Crs.fromWkt(wkt);
    expect(crs.equals(Crs.fromProj('+proj=eqc +lat_ts=30 +lon_0=5 +ellps=GRS80'))).toBe(true);
    const { directory, doubles, ascii } = encodeGeoKeys(crs);
    const keys = parseGeoKeys(directory, doubles, ascii);
    expect(keys.get(2048)).toBe(4258);
    expect(keys.get(3073)).toBe('mine');
    expect(crsFromGeoKeys(keys).crs?.name).toBe('mine');
  });

  it('without a known CRS give none', () => {
    expect(crsFromGeoKeys(new Map()).crs).toBeNull();
    expect(
      crsFromGeoKeys(
        new Map([
          [1024, 1],
          [3072, 32767],
          [2048, 4326],
          [3075, 4],
        ]),
      ).crs,
    ).toBeNull();
    expect(
      crsFromGeoKeys(
        new Map([
          [1024, 2],
          [2048, 32767],
        ]),
      ).crs,
    ).toBeNull();
  });

  it('of a user-defined CRS take the shift of the datum in the citation', () => {
    // Ellipsoid GRS 80, and the Greek Grid's projection. x and y by pyproj: EPSG:2100 of 23.73, 37.97.
    const greek: [number, string | number][] = [
      [1024, 1],
      [2048, 32767],
      [2057, 6378137],
      [2059, 298.257222101],
      [3072, 32767],
      [3075, 1],
      [3076, 9001],
      [3080, 24],
      [3081, 0],
      [3092, 0.9996],
      [3082, 500000],
      [3083, 0],
    ];
    for (const citation of ['GGRS87', 'GCS Name = GCS_GGRS_1987|Datum = D_GGRS_1987|Primem = Greenwich|']) {
      const { crs } = crsFromGeoKeys(new Map<number, string | number>([...greek, [2049, citation]]));
      const [x, y] = createTransform(Crs.wgs84, crs ?? Crs.wgs84).forward(23.73, 37.97);
      expect(x).toBeCloseTo(476135.369, 2);
      expect(y).toBeCloseTo(4202232.915, 2);
    }
  });

  it('take a datum or an ellipsoid by its code', () => {
    const utm: [number, number | number[]][] = [
      [1024, 1],
      [3072, 32767],
      [3075, 1],
      [3080, 9],
      [3081, 0],
      [3092, 0.9996],
      [3082, 500000],
      [3083, 0],
    ];
    expect(crsFromGeoKeys(new Map([...utm, [2050, 6326]])).crs?.equals(Crs.fromEpsg(32632))).toBe(true);
    expect(crsFromGeoKeys(new Map([...utm, [2056, 7030]])).crs?.equals(Crs.fromEpsg(32632))).toBe(true);
  });

  it('read doubles and text, and skip keys with an invalid offset', () => {
    const keys = parseGeoKeys(
      [1, 1, 0, 4, 1024, 0, 1, 1, 2057, 34736, 1, 0, 1026, 34737, 4, 0, 2059, 34736, 1, 9],
      [6378137],
      'UTM|rest',
    );
    expect([...keys]).toEqual([
      [1024, 1],
      [2057, 6378137],
      [1026, 'UTM'],
    ]);
  });
});

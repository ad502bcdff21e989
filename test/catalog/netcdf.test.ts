import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ndviSeries } from '../../examples/ndvi-series.js';
import { buildRasterCatalog, buildZarrCatalog } from '../../src/catalog/node/index.js';
import { Crs, createTransform, TimeInterval } from '../../src/geo/node/index.js';
import { sharedFolder, sharedPath, temporaryFolder } from '../support/files.js';
import { writeNetcdf4 } from '../support/netcdf.js';

const folder = await temporaryFolder();
const SIDE = 64;
const STEPS = 3;

/** UTM zone 31 by CF's parameters, equal to EPSG:32631. */
const UTM31 = {
  data: Int32Array.of(0),
  dimensions: [],
  shape: [],
  attributes: {
    grid_mapping_name: 'transverse_mercator',
    latitude_of_projection_origin: 0,
    longitude_of_central_meridian: 3,
    scale_factor_at_central_meridian: 0.9996,
    false_easting: 500_000,
    false_northing: 0,
    semi_major_axis: 6378137,
    inverse_flattening: 298.257223563,
  },
};
const axis = (name: 'x' | 'y', first: number, step: number) => ({
  data: Float64Array.from({ length: SIDE }, (_, i) => first + step * i),
  dimensions: [name],
  shape: [SIDE],
  attributes: { standard_name: `projection_${name}_coordinate`, units: 'm' },
});
const x = axis('x', 500_005, 10);
const y = axis('y', 4_999_995, -10);

function band(value: (step: number, column: number, row: number) => number) {
  return {
    data: Float32Array.from({ length: STEPS * SIDE * SIDE }, (_, i) =>
      value(Math.floor(i / SIDE ** 2), i % SIDE, Math.floor(i / SIDE) % SIDE),
    ),
    dimensions: ['time', 'y', 'x'],
    shape: [STEPS, SIDE, SIDE],
    chunks: [1, 16, 16],
    attributes: { grid_mapping: 'crs' },
  };
}

/** A distinct number for each pixel and step. */
const red = (step: number, column: number, row: number): number => 1 + step * SIDE ** 2 + row * SIDE + column;

/** The offsets of the deflated chunks of 16 × 16 float32 values in a file, and their first values. */
function deflatedChunks(bytes: Buffer): { start: number; first: number }[] {
  const found: { start: number; first: number }[] = [];
  for (let start = bytes.indexOf(0x78); start >= 0; start = bytes.indexOf(0x78, start + 1)) {
    if (bytes.readUInt16BE(start) % 31 !== 0) continue;
    try {
      const values = inflateSync(bytes.subarray(start, start + 2048));
      if (values.length === 1024) found.push({ start, first: values.readFloatLE(0) });
    } catch {
      // Another byte of that value.
    }
  }
  return found;
}

describe('netCDF-4', () => {
  it('gives the NDVI series of example B', async () => {
    const path = await writeNetcdf4(join(folder, 'archive.nc'), {
      x,
      y,
      time: {
        data: Float64Array.of(0, 5, 10),
        dimensions: ['time'],
        shape: [STEPS],
        attributes: { standard_name: 'time', units: 'days since 2021-07-03', calendar: 'standard' },
      },
      crs: UTM31,
      B04: band(red),
      B08: band((step, column, row) => 3 * red(step, column, row)),
    });
    // Column 20, row 33.
    const place = createTransform(Crs.fromEpsg(32631), Crs.wgs84).forward(500_205, 4_999_665);
    const series = await ndviSeries(path, place);
    expect(series.map(({ time }) => time.slice(0, 10))).toEqual(['2021-07-03', '2021-07-08', '2021-07-13']);
    expect(series.map(({ ndvi }) => ndvi)).toEqual([0.5, 0.5, 0.5]);

    // Only the chunks under the point are read: the series is the same with all others damaged.
    const bytes = await readFile(path);
    const others = deflatedChunks(bytes).filter(({ first }) => {
      const cell = (first - 1) % SIDE ** 2;
      const isUnder = (start: number): boolean => cell === start;
      return !isUnder(32 * SIDE + 16) && !isUnder((3 * (32 * SIDE + 16) + 2) % SIDE ** 2);
    });
    expect(others).toHaveLength(2 * STEPS * 15);
    for (const { start } of others) bytes.fill(0, start + 2, start + 34);
    await writeFile(path, bytes);
    expect(await ndviSeries(path, place)).toEqual(series);
    const elsewhere = createTransform(Crs.fromEpsg(32631), Crs.wgs84).forward(500_505, 4_999_665);
    await expect(ndviSeries(path, elsewhere)).rejects.toThrow(/archive\.nc/);
  });

  it('takes the time of a scene from a scalar time variable', async () => {
    const path = await writeNetcdf4(join(folder, 'scene.nc'), {
      x,
      y,
      time: {
        data: Float64Array.of(12.5),
        dimensions: [],
        shape: [],
        attributes: { standard_name: 'time', units: 'hours since 2021-07-15' },
      },
      forecast_reference_time: {
        data: Float64Array.of(0),
        dimensions: [],
        shape: [],
        attributes: { standard_name: 'forecast_reference_time', units: 'hours since 2021-07-14' },
      },
      crs: UTM31,
      rain: {
        data: new Float32Array(SIDE * SIDE),
        dimensions: ['y', 'x'],
        shape: [SIDE, SIDE],
        attributes: { grid_mapping: 'crs', coordinates: 'forecast_reference_time time' },
      },
    });
    const { catalog } = await buildZarrCatalog(path);
    expect(catalog.row(0).interval).toEqual(TimeInterval.parse('2021-07-15T12:30:00Z'));
    const steps = await buildZarrCatalog(path, { rows: 'step' });
    expect(Array.from(steps.catalog, ({ id }) => id)).toEqual(['scene/2021-07-15T12:30:00Z']);
  });

  it('has the footprint of a geostationary disc: packed scan angles, with cells off the disc', async () => {
    const side = 100;
    const scan = (name: 'x' | 'y', sign: number) => ({
      data: Int16Array.from({ length: side }, (_, i) => i),
      dimensions: [name],
      shape: [side],
      attributes: {
        units: 'rad',
        scale_factor: (sign * 0.303744) / side,
        add_offset: sign * (-0.151872 + 0.303744 / side / 2),
        standard_name: `projection_${name}_coordinate`,
      },
    });
    const path = await writeNetcdf4(join(folder, 'goes.nc'), {
      x: scan('x', 1),
      y: scan('y', -1),
      goes_imager_projection: {
        data: Int32Array.of(0),
        dimensions: [],
        shape: [],
        attributes: {
          grid_mapping_name: 'geostationary',
          perspective_point_height: 35_786_023,
          semi_major_axis: 6378137,
          semi_minor_axis: 6356752.31414,
          latitude_of_projection_origin: 0,
          longitude_of_projection_origin: -75,
          sweep_angle_axis: 'x',
        },
      },
      Rad: {
        data: new Int16Array(side * side),
        dimensions: ['y', 'x'],
        shape: [side, side],
        attributes: { grid_mapping: 'goes_imager_projection' },
      },
    });
    const { catalog } = await buildZarrCatalog(path);
    const [west, south, east, north] = catalog.bounds ?? [];
    // From 35 786 km the limb is at 81.3 degrees of the Earth's circle.
    expect([west, south, east, north]).toEqual(
      [-156.04, -81.07, 6.04, 81.07].map((v) => expect.closeTo(v, 1)),
    );
    const sees = (lon: number, lat: number): boolean =>
      catalog.query({ geometry: [lon, lat, lon + 0.1, lat + 0.1] }).length === 1;
    expect([sees(-75, 0), sees(-100, 40), sees(-75, 80.5), sees(-150, 0)]).toEqual([true, true, true, true]);
    expect([sees(-150, 60), sees(20, 0), sees(-75, 82), sees(105, 0)]).toEqual([false, false, false, false]);
  });

  it.skipIf(sharedFolder === null)('has the footprint of GOES in GeoTIFF', async () => {
    const { catalog } = await buildRasterCatalog(sharedPath('cog', 'rasterio__rasterio', 'goes.tif'));
    expect(catalog.bounds).toEqual([-156.04, -81.07, 6.04, 81.07].map((v) => expect.closeTo(v, 1)));
  });
});

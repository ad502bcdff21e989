import { describe, expect, it } from 'vitest';
import { nutsUrl, parseSspPatch, regionsOf, sspFolder, sspLabelPath } from '../../src/archives/index.js';
import { Crs } from '../../src/geo/node/index.js';
import type { AreaFeatures, Polygon } from '../../src/vector/index.js';

const box = (x0: number, y0: number, x1: number, y1: number): Polygon => [
  [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
    [x0, y0],
  ],
];

describe('patches of the SSP Cloud', () => {
  const image =
    's3://projet-hackathon-ntts-2025/data-preprocessed/patchs/CLCplus-Backbone/SENTINEL2/FRJ27/2018/250/3649890_2331750_0_937.tif';

  it('have their positions in their names', () => {
    expect(parseSspPatch('3649890_2331750_0_937.tif')).toEqual({
      name: '3649890_2331750_0_937',
      xmin: 3649890,
      ymin: 2331750,
      index: 0,
      id: 937,
      size: 250,
      bounds: [3649890, 2331750, 3652390, 2334250],
      nuts: null,
      year: null,
    });
    expect(parseSspPatch(image)).toMatchObject({ nuts: 'FRJ27', year: 2018, size: 250 });
    expect(parseSspPatch('s3://b/images/LU000/2021/4042000_2951690_0_637.tif')).toMatchObject({
      nuts: 'LU000',
      year: 2021,
      size: 250,
    });
    expect(parseSspPatch('x/BE100/2021/125/0_0_3_4.npy').bounds).toEqual([0, 0, 1250, 1250]);
  });

  it('have their labels at matching paths', () => {
    expect(sspLabelPath(image)).toBe(
      's3://projet-hackathon-ntts-2025/data-preprocessed/labels/CLCplus-Backbone/SENTINEL2/FRJ27/2018/250/3649890_2331750_0_937.npy',
    );
    expect(sspLabelPath('s3://p/data/images/LU000/2021/4042000_2951690_0_637.tif')).toBe(
      's3://p/data/labels/LU000/2021/4042000_2951690_0_637.npy',
    );
    expect(sspFolder('s3://p/SENTINEL2/', 'FRJ27', 2018)).toBe('s3://p/SENTINEL2/FRJ27/2018/250');
    expect(sspFolder('s3://p/images', 'LU000', 2021, null)).toBe('s3://p/images/LU000/2021');
  });

  it('are refused by other names', () => {
    expect(() => parseSspPatch('scene.tif')).toThrow(/scene.tif is not the name of a patch/);
    expect(() => sspLabelPath('1_2_3_4.tif')).toThrow(/is not in a folder patchs\/ or images\//);
    expect(() => sspFolder('s3://p', '../x', 2018)).toThrow(/is no NUTS code/);
  });
});

describe('NUTS regions', () => {
  it('have the file names of GISCO', () => {
    expect(nutsUrl({ crs: 3035 })).toBe(
      'https://gisco-services.ec.europa.eu/distribution/v2/nuts/geojson/NUTS_RG_01M_2021_3035_LEVL_3.geojson',
    );
    expect(nutsUrl({ year: 2024, scale: '20M', level: 0 })).toMatch(/NUTS_RG_20M_2024_4326_LEVL_0\.geojson$/);
    expect(() => nutsUrl({ year: 2020 })).toThrow(/choose one of 2003/);
    expect(() => nutsUrl({ level: 4 })).toThrow(/choose one of 0, 1, 2, 3/);
  });

  const [x0, y0, x1, y1] = parseSspPatch('3649890_2331750_0_937').bounds;
  const regions: AreaFeatures = {
    name: 'regions.geojson',
    crs: Crs.fromEpsg(3035),
    features: [
      {
        polygons: [box(x0 - 9000, y0 - 9000, x0 + 750, y1 + 9000)],
        properties: { NUTS_ID: 'FRJ23', NUTS_NAME: 'Haute-Garonne' },
      },
      {
        polygons: [box(x0 + 750, y0 - 9000, x1 + 9000, y1 + 9000)],
        properties: { NUTS_ID: 'FRJ27', NAME_LATN: 'Tarn', NUTS_NAME: 'x' },
      },
      { polygons: [box(x0 + 90_000, y0, x1 + 90_000, y1)], properties: { NUTS_ID: 'FRJ28' } },
    ],
  };

  it('that a patch overlaps, with areas on the ground', () => {
    // EPSG:3035 is an equal-area projection: 2500 m × 2500 m are 6.25 km², of which 30 % are west of the border.
    const { km2, regions: found } = regionsOf([x0, y0, x1, y1], 'EPSG:3035', regions);
    expect(km2).toBeCloseTo(6.25, 5);
    expect(found.map(({ id, name }) => `${id} ${name}`)).toEqual(['FRJ27 Tarn', 'FRJ23 Haute-Garonne']);
    expect(found[0].km2).toBeCloseTo(4.375, 4);
    expect(found[1].km2).toBeCloseTo(1.875, 4);
    // Outlines are densified to within 1 / 400 000 of their length, here 0.25 m of 2500.
    expect(found[1].share).toBeCloseTo(0.3, 4);
    expect(regionsOf([0, 0, 1, 1], 'EPSG:4326', regions).regions).toEqual([]);
  });

  it('have the requested names', () => {
    const named = {
      ...regions,
      features: [{ ...regions.features[0], properties: { code: 7, title: 'West' } }],
    };
    const ask = (names: object): unknown => regionsOf([x0, y0, x1, y1], 'EPSG:3035', named, names).regions;
    expect(ask({ idProperty: 'code', nameProperty: 'title' })).toMatchObject([{ id: '7', name: 'West' }]);
    expect(() => ask({})).toThrow(/regions.geojson has a region without the property NUTS_ID/);
  });
});

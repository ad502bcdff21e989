import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { openRaster } from '../../src/raster/node/index.js';
import { preferredOf } from '../../src/vector/features.js';
import { openLabel } from '../../src/workflow/evaluate/label.js';
import { FLOOD_LAYERS, isAreasPath, readFloodAreas } from '../../src/workflow/flood-areas.js';
import { rasterizeFile } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { buildZip } from '../support/zip.js';

const folder = await temporaryFolder();

/** Squares of 10 m in EPSG:32632 with their lower left corners, and their properties. */
function squares(...places: readonly [x: number, y: number, properties: object][]): Uint8Array {
  const features = places.map(([x, y, properties]) => ({
    type: 'Feature',
    properties,
    geometry: {
      type: 'Polygon',
      coordinates: [
        [
          [x, y],
          [x + 10, y],
          [x + 10, y + 10],
          [x, y + 10],
          [x, y],
        ],
      ],
    },
  }));
  const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::32632' } };
  return new TextEncoder().encode(JSON.stringify({ type: 'FeatureCollection', crs, features }));
}

describe('FLOOD_LAYERS', () => {
  // Names of EMSR517 (2021), EMSR332 (2018), EMSR149 (2015) and of the geodatabase of EMSN139.
  it.each([
    [['EMSR517_AOI15_GRA_PRODUCT_hydrographyA_r1_v1', 'EMSR517_AOI15_GRA_PRODUCT_observedEventA_r1_v1'], 1],
    [['EMSR332_01VERONA_DEL_v1_area_of_interest_a', 'EMSR332_01VERONA_DEL_v1_observed_event_a'], 1],
    [['EMSR149_01X_DELINEATION_OVERVIEW_v1_crisis_information_poly', 'settlements_poly'], 0],
    [['AreaOfInterest', 'P06TMFL01_MaxFloodExtent'], 1],
    [['flood_trace', 'flooded_area', 'x_observedEventA_v1'], 2],
  ])('prefer of %j the number %i', (names, wanted) => {
    expect(preferredOf(names, FLOOD_LAYERS)).toEqual([names[wanted]]);
  });

  it('prefer none of other layers', () => {
    expect(preferredOf(['roads', 'observedEventP'], [FLOOD_LAYERS[0]])).toEqual([]);
  });
});

describe('readFloodAreas', () => {
  it('leaves out other mapped features, with a warning', async () => {
    const path = join(folder, 'mixed.geojson');
    await writeFile(
      path,
      squares(
        [0, 0, { event_type: '5-Flood' }],
        [20, 0, { event_type: '6-Mass movement' }],
        [40, 0, { event_type: null }],
      ),
    );
    const messages: string[] = [];
    const { features } = await readFloodAreas(path, {
      onProgress: (event) => event.type === 'warning' && messages.push(event.message),
    });
    expect(features.map(({ properties }) => properties.event_type)).toEqual(['5-Flood', null]);
    expect(messages).toEqual([
      `${path} has 1 of 3 features of another event_type than a flood, which are left out`,
    ]);
  });

  it('returns all features if none is a flood', async () => {
    const path = join(folder, 'fire.geojson');
    await writeFile(path, squares([0, 0, { event_type: '2-Fire' }], [20, 0, {}]));
    expect((await readFloodAreas(path)).features).toHaveLength(2);
  });
});

describe('an EMS zip file', async () => {
  const zip = join(folder, 'EMSR517_AOI15_GRA_PRODUCT_r1_v1.zip');
  beforeAll(async () => {
    await writeFile(
      zip,
      buildZip([
        {
          name: 'EMSR517_AOI15_GRA_PRODUCT_areaOfInterestA_r1_v1.json',
          bytes: squares([0, 0, {}], [10, 0, {}]),
        },
        { name: 'EMSR517_AOI15_GRA_PRODUCT_observedEventA_r1_v1.json', bytes: squares([10, 10, {}]) },
      ]),
    );
  });

  it('is the label of a map', async () => {
    const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 0, 0, -10, 20), 3, 2);
    const label = await openLabel({ label: zip }, geobox, ['dry', 'flood'], 1);
    expect([...(await label.readRows({ start: 0, end: 2 }))]).toEqual([0, 1, 0, 0, 0, 0]);
    await label.dispose();
  });

  it('is burned onto the grid of a scene file', async () => {
    const like = join(folder, 'scene.json');
    const grid = { crs: 'EPSG:32632', transform: [10, 0, 0, 0, -10, 20], width: 3, height: 2 };
    await writeFile(like, JSON.stringify({ schemaVersion: 1, grid, phases: ['event'], inputs: {} }));
    const destination = join(folder, 'label.tif');
    expect(isAreasPath(zip)).toBe(true);
    await rasterizeFile({ source: zip, destination, grid: { like } });
    await using raster = await openRaster(destination);
    const [pixels] = await raster.readPlanes();
    expect([...pixels]).toEqual([0, 1, 0, 0, 0, 0]);
  });
});

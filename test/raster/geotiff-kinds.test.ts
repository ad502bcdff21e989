import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Crs, createTransform } from '../../src/geo/node/index.js';
import { openRaster, type Raster, toStoredIntegers } from '../../src/raster/node/index.js';

interface MaskTruth {
  bands: number;
  pixels: string;
  mask: string;
  colours: string[];
  overviews: string[];
  overviewMask?: string;
}

interface PlaceTruth {
  geotransform: [number, number, number, number, number, number];
  /** Longitude and latitude of pixel corner (1, 1). */
  centre: [number, number] | null;
}

interface Truth {
  samples: Record<string, string[]>;
  masks: Record<string, MaskTruth>;
  places: Record<string, PlaceTruth>;
  points: number[][];
  'points-of-points': number[][];
}

const folder = 'test/fixtures/geotiff-kinds';
/** GDAL 3.6.2's pixels and headers of the files, from scripts/truth/geotiff_kinds.py. */
const truth = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')) as Truth;

async function open<T>(name: string, use: (raster: Raster) => Promise<T>): Promise<T> {
  const raster = await openRaster(join(folder, `${name}.tif`));
  try {
    return await use(raster);
  } finally {
    await raster.close();
  }
}

function sha256(values: ArrayBufferView): string {
  return createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex');
}

/** The stored type by the name of a file: `uint12-big-endian` has `uint12`. */
function storedTypeOf(name: string): string {
  const [, type] = /^(complex-int\d+|[a-z]+\d+)/.exec(name) ?? [];
  return type.replace('-', '_');
}

describe('sample types', () => {
  it.each(Object.entries(truth.samples))('%s', async (name, checksums) => {
    await open(name, async (raster) => {
      const planes = await raster.readPlanes();
      const { storedType } = raster.bands[0];
      expect(storedType).toBe(storedTypeOf(name));
      expect(raster.bands[0].components).toBe(name.startsWith('complex') ? 2 : 1);
      expect(planes.map((plane) => sha256(toStoredIntegers(storedType, plane)))).toEqual(checksums);
      const window = { x: 3, y: 2, width: 15, height: 11 };
      const parts = await raster.readPlanes({ window });
      const { components } = raster.bands[0];
      parts.forEach((part, band) => {
        const at = (y: number, x: number): number => (y * raster.width + x) * components;
        const cut = Array.from({ length: 11 }, (_, y) => [
          ...planes[band].subarray(at(y + 2, 3), at(y + 2, 18)),
        ]).flat();
        expect([...part]).toEqual(cut);
      });
    });
  });
});

describe('masks, alpha and overviews', () => {
  it.each(Object.entries(truth.masks))('%s', async (name, expected) => {
    await open(name, async (raster) => {
      const [plane] = await raster.readPlanes({ bands: [1] });
      expect(sha256(plane)).toBe(expected.pixels);
      expect(raster.bands.map((band) => band.colourInterpretation)).toEqual(expected.colours);
      expect(raster.mask).toBe(name.startsWith('mask') ? 'mask' : 'alpha');
      const mask = await raster.readMask();
      expect(mask === null ? null : sha256(mask)).toBe(expected.mask);
      expect(raster.overviews).toHaveLength(expected.overviews.length);
      for (const [k, overview] of expected.overviews.entries()) {
        const [reduced] = await raster.readPlanes({ level: k + 1, bands: [1] });
        expect(sha256(reduced)).toBe(overview);
      }
      if (expected.overviewMask !== undefined) {
        const reduced = await raster.readMask({ level: 1 });
        expect(reduced === null ? null : sha256(reduced)).toBe(expected.overviewMask);
      }
    });
  });

  it('gives no mask for a file without one', async () => {
    await open('uint1', async (raster) => {
      expect(raster.mask).toBeNull();
      expect(await raster.readMask()).toBeNull();
    });
  });

  it('gives the palette of a bitmap', async () => {
    await open('uint1', async (raster) => {
      expect(raster.colourTable).toEqual([
        [0, 0, 0],
        [255, 255, 255],
      ]);
    });
  });
});

describe('places', () => {
  const placed = Object.entries(truth.places).filter(([, { centre }]) => centre !== null);

  it.each(placed)("%s has GDAL's geotransform", async (name, { geotransform, centre }) => {
    await open(`place-${name}`, async (raster) => {
      expect(raster.placeProblem).toBeNull();
      if (raster.crs === null || raster.transform === null || centre === null) throw new Error('no place');
      const { a, b, c, d, e, f } = raster.transform;
      expect([c, a, b, f, d, e]).toEqual(geotransform);
      const toWorld = createTransform(raster.crs, Crs.fromProj('+proj=longlat +datum=WGS84 +no_defs'));
      const [longitude, latitude] = toWorld.forward(...raster.transform.apply(1, 1));
      expect(longitude).toBeCloseTo(centre[0], 7);
      expect(latitude).toBeCloseTo(centre[1], 7);
    });
  });

  it('a local CRS is named, and its pixels are read', async () => {
    await open('place-local', async (raster) => {
      expect(raster.crs).toBeNull();
      expect(raster.placeProblem).toMatch(/only the name "a site"/);
      expect(await raster.readPlanes()).toHaveLength(1);
      await expect(raster.read()).rejects.toThrow(/only the name "a site" is known; assign it/);
    });
  });

  it.each(['points', 'points-of-points'] as const)('%s: control points', async (name) => {
    await open(name, async (raster) => {
      expect(raster.gcps?.crs?.epsg).toBe(4326);
      const points = raster.gcps?.points.map(({ column, row, x, y, z }) => [column, row, x, y, z]);
      expect(points).toEqual(truth[name]);
      expect(raster.geobox).toBeNull();
      await expect(raster.read()).rejects.toThrow(/by 4 control points, not by a transform; warp it by them/);
    });
  });

  it('rational polynomial coefficients are reported, and refused as a grid', async () => {
    await open('rpc', async (raster) => {
      expect(raster.hasRpc).toBe(true);
      await expect(raster.read()).rejects.toThrow(/rational polynomial coefficients .*; orthorectify/);
    });
  });

  it('a world file georeferences an image', async () => {
    await open('world', async (raster) => {
      expect(raster.transform?.toTuple()).toEqual([10, 2, 300000, 3, -10, 5000000]);
    });
  });
});

describe('metadata', () => {
  it('is given by domain, for the image and its bands', async () => {
    await open('described', async (raster) => {
      expect(raster.metadata).toEqual({
        '': { TIFFTAG_SOFTWARE: 'hand', PLACE: 'a "site" & <more>' },
        OTHER: { X: '1' },
      });
      expect(raster.bands.map((band) => band.metadata)).toEqual([{}, { '': { WAVELENGTH: '0.49' } }]);
      expect(raster.bands.map((band) => band.colourInterpretation)).toEqual(['gray', 'blue']);
      expect(raster.bands[0].nodata).toBe(-9999);
    });
  });
});

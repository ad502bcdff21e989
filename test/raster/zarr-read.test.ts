import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { Affine, GeoBox, TimeInterval } from '../../src/geo/node/index.js';
import {
  ArrayRaster,
  cfAttributes,
  consolidateZarr,
  createZarrGroup,
  geoZarrAttributes,
  openRaster,
  openZarr,
  writeZarrGrid,
  writeZarrTimes,
  type ZarrCompression,
  ZarrShardWriter,
} from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { randomValues } from '../support/random.js';
import { copyStore, hashValues, serveFolder, storePath, storeTruth } from '../support/stores.js';
import { arrayV3, writeStore } from '../support/zarr-store.js';

const folder = await temporaryFolder();

describe.each(['types-v2.zarr.zip', 'types-v3.zarr.zip'])('%s by zarr-python', (file) => {
  it.each(Object.entries(storeTruth[file]))(
    '%s has the recorded values',
    async (name, truth) => {
      await using group = await openZarr(storePath(file));
      const array = await group.array(name);
      expect(array?.shape).toEqual(truth.shape);
      expect(array?.storedType).toBe(truth.dtype);
      const { data } = (await array?.read()) ?? { data: [] };
      expect(hashValues(data)).toBe(truth.sha256);
      if (truth.shape[0] < 6) return;
      const window = await array?.read([
        { start: 1, end: 6 },
        { start: 3, end: 8 },
      ]);
      const wanted = Array.from({ length: 25 }, (_, k) => {
        return data[(1 + Math.floor(k / 5)) * truth.shape[1] + 3 + (k % 5)];
      });
      expect([...(window?.data ?? [])]).toEqual(wanted);
      await group.close();
    },
    20_000,
  );
});

describe.each(['scene-v2.zarr.zip', 'scene-v3.zarr.zip'])('%s by xarray', (file) => {
  it('opens as a raster with grid, bands, times and scaling', async () => {
    const truth = storeTruth[file].reflectance;
    const raster = await openRaster(storePath(file));
    expect(raster).toBeInstanceOf(ArrayRaster);
    expect([raster.width, raster.height, raster.bands.length]).toEqual([9, 12, 6]);
    expect(raster.crs?.epsg).toBe(32632);
    expect(raster.transform?.toTuple()).toEqual([10, 0, 300000, 0, -10, 5000000]);
    expect(raster.bands[4]).toMatchObject({
      index: 5,
      dtype: 'int16',
      nodata: -9999,
      scale: 0.0001,
      offset: -0.1,
      description: 'time=2021-07-15T10:30:00.000Z, band=B03',
    });
    expect(hashValues((await raster.readPlanes()).flatMap((plane) => [...plane]))).toBe(truth.sha256);
    const [all, part] = [
      await raster.readPlanes({ bands: [6, 2] }),
      await raster.read({ bands: [6, 2], window: { x: 5, y: 7, width: 4, height: 3 } }),
    ];
    expect([...part.data.subarray(0, 4)]).toEqual([...all[0].subarray(7 * 9 + 5, 7 * 9 + 9)]);
    expect([...part.data.subarray(12, 16)]).toEqual([...all[1].subarray(7 * 9 + 5, 7 * 9 + 9)]);
    expect(part.geobox.transform.toTuple()).toEqual([10, 0, 300050, 0, -10, 4999930]);
    if (!(raster instanceof ArrayRaster)) throw new Error('another class');
    expect(raster.bandCoordinates(3)).toEqual({
      time: TimeInterval.instant(Date.UTC(2021, 6, 10, 10)),
      band: 'B8A',
    });
    expect(() => raster.bandCoordinates(7)).toThrow(/has no band 7; choose one of 1 to 6/);
    await raster.close();
  });
});

describe('a store by terrachip', async () => {
  const geobox = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), 37, 50);
  const values = randomValues(5, 2 * 50 * 37, 0, 1, 0.05).map(Math.fround);

  async function write(compression: ZarrCompression): Promise<string> {
    const store = join(folder, `written-${compression}.zarr`);
    await createZarrGroup(store, geoZarrAttributes(geobox));
    await writeZarrGrid(store, geobox);
    const writer = new ZarrShardWriter(join(store, 'probability'), {
      shape: [2, 50, 37],
      shardShape: [2, 64, 48],
      chunkShape: [1, 16, 16],
      dtype: 'float32',
      fillValue: Number.NaN,
      dimensions: ['class', 'y', 'x'],
      attributes: cfAttributes('float32', Number.NaN),
      compression,
    });
    await writer.create();
    await writer.writeShard([0, 0, 0], Float32Array.from(values));
    await consolidateZarr(store);
    return store;
  }
  const stores: Partial<Record<ZarrCompression, string>> = {};
  beforeAll(async () => {
    for (const compression of ['none', 'zstd', 'gzip', 'blosc'] as const)
      stores[compression] = await write(compression);
  });

  it('has the times of its steps, to the millisecond', async () => {
    const store = join(folder, 'written-times.zarr');
    await createZarrGroup(store, {});
    await writeZarrGrid(store, geobox);
    const times = ['1899-12-31T00:00:00Z', '2021-07-15T10:50:31.024Z'].map((text) => Date.parse(text));
    await writeZarrTimes(store, times);
    const writer = new ZarrShardWriter(join(store, 'B04'), {
      shape: [2, 50, 37],
      shardShape: [2, 50, 37],
      chunkShape: [2, 50, 37],
      dtype: 'float32',
      fillValue: Number.NaN,
      dimensions: ['time', 'y', 'x'],
      attributes: cfAttributes('float32', Number.NaN),
    });
    await writer.create();
    await writer.writeShard([0, 0, 0], Float32Array.from(values));
    const raster = await openRaster(`${store}#B04`);
    if (!(raster instanceof ArrayRaster)) throw new Error('another class');
    expect([1, 2].map((band) => raster.bandCoordinates(band))).toEqual(
      times.map((time) => ({ time: TimeInterval.instant(time) })),
    );
    await raster.close();
    await expect(writeZarrTimes(store, [])).rejects.toThrow(/are missing or not all finite/);
    await expect(writeZarrTimes(store, [0, Number.NaN])).rejects.toThrow(/are missing or not all finite/);
  });

  it.each(['none', 'zstd', 'gzip', 'blosc'] as const)('is read back with %s', async (compression) => {
    const raster = await openRaster(stores[compression] ?? '');
    expect(raster.compression).toBe(compression);
    expect(raster.blockSize).toEqual([16, 16]);
    expect(raster.bands.map(({ description }) => description)).toEqual(['class=0', 'class=1']);
    expect(raster.geobox?.equals(geobox)).toBe(true);
    const planes = await raster.readPlanes();
    expect(planes.flatMap((plane) => [...plane])).toEqual([...values]);
    await raster.close();
  });

  it('is read from a web server, and only the chunks of a window', async () => {
    const { url, requests } = await serveFolder(folder);
    const raster = await openRaster(`${url}/written-zstd.zarr`);
    expect(raster.geobox?.equals(geobox)).toBe(true);
    const [plane] = await raster.readPlanes({ bands: [1], window: { x: 0, y: 0, width: 5, height: 1 } });
    expect([...plane]).toEqual([...values.slice(0, 5)]);
    expect(requests.filter((path) => path.endsWith('zarr.json'))).toEqual(['/written-zstd.zarr/zarr.json']);
    const shard = await openRaster(`${url}/written-zstd.zarr#probability`);
    await shard.close();
    await raster.close();
  });

  it('on a web server without consolidated metadata needs the name of a variable', async () => {
    const plain = await writeStore(folder, 'plain.zarr', {
      'zarr.json': { zarr_format: 3, node_type: 'group' },
      'a/zarr.json': arrayV3([2, 3], [2, 3]),
      'a/c/0/0': Uint8Array.of(1, 2, 3, 4, 5, 6),
    });
    const { url } = await serveFolder(dirname(plain));
    await expect(openRaster(`${url}/plain.zarr`)).rejects.toThrow(
      /no consolidated metadata, and a web server cannot list its arrays; name the variable/,
    );
    const raster = await openRaster(`${url}/plain.zarr#a`);
    expect([...(await raster.readPlanes())[0]]).toEqual([1, 2, 3, 4, 5, 6]);
    await expect(openRaster(`${url}/plain.zarr#b`)).rejects.toThrow(/cannot list/);
  });

  it('a damaged shard is an error that names the array', async () => {
    const copy = await copyStore(stores.zstd ?? '', folder);
    const path = join(copy, 'probability', 'c', '0', '0', '0');
    const bytes = await readFile(path);
    bytes[bytes.length - 10] ^= 1;
    await writeFile(path, bytes);
    const raster = await openRaster(copy);
    await expect(raster.readPlanes()).rejects.toThrow(
      /#probability has a damaged chunk at .*checksum differs; get it again/,
    );
    await writeFile(path, bytes.subarray(0, 40));
    await expect((await openRaster(copy)).readPlanes()).rejects.toThrow(/truncated or damaged/);
  });
});

describe('several arrays', () => {
  it('are listed when none is named, and opened by path or name', async () => {
    const store = await writeStore(folder, 'several.zarr', {
      'zarr.json': { zarr_format: 3, node_type: 'group' },
      'optical/zarr.json': { zarr_format: 3, node_type: 'group' },
      'optical/red/zarr.json': arrayV3([2, 2], [2, 2], { dimension_names: ['y', 'x'] }),
      'optical/red/c/0/0': Uint8Array.of(1, 2, 3, 4),
      'nir/zarr.json': arrayV3([2, 2], [2, 2], { dimension_names: ['y', 'x'] }),
      'table/zarr.json': arrayV3([2, 2], [2, 2], { dimension_names: ['row', 'field'] }),
    });
    const group = await openZarr(store);
    expect(group.format).toBe('Zarr v3');
    expect(await group.list()).toEqual(['nir', 'optical/red', 'table']);
    await expect(openRaster(store)).rejects.toThrow(
      /several.zarr holds 2 rasters; name one as in ".*several.zarr#nir": nir, optical\/red/,
    );
    for (const path of [`${store}#optical/red`, `${store}#red`]) {
      expect([...(await (await openRaster(path)).readPlanes())[0]]).toEqual([1, 2, 3, 4]);
    }
    expect((await openRaster(store, { variable: 'nir' })).name).toMatch(/several.zarr#nir$/);
    await expect(openRaster(`${store}#blue`)).rejects.toThrow(/has no variable "blue"; choose one of nir/);
  });
});

describe('GeoZarr', () => {
  it('takes its grid from parent groups, and its overviews from multiscales', async () => {
    const level = (size: number): Record<string, unknown> => arrayV3([size, size], [4, 4]);
    const store = await writeStore(folder, 'pyramid.zarr', {
      'zarr.json': {
        zarr_format: 3,
        node_type: 'group',
        attributes: {
          'proj:code': 'EPSG:32631',
          'spatial:dimensions': ['north', 'east'],
          multiscales: {
            layout: [
              { asset: 'half', 'spatial:transform': [20, 0, 450000, 0, -20, 5000000] },
              { asset: 'full', 'spatial:transform': [10, 0, 450000, 0, -10, 5000000] },
            ],
          },
        },
      },
      'full/zarr.json': { ...level(8), dimension_names: ['north', 'east'] },
      'half/zarr.json': { ...level(4), dimension_names: ['north', 'east'] },
      'half/c/0/0': Uint8Array.from({ length: 16 }, (_, i) => i),
    });
    const raster = await openRaster(store);
    expect([raster.width, raster.height]).toEqual([8, 8]);
    expect(raster.overviews).toEqual([[4, 4]]);
    expect(raster.crs?.epsg).toBe(32631);
    expect(raster.transform?.toTuple()).toEqual([10, 0, 450000, 0, -10, 5000000]);
    const half = await raster.read({ overview: 1, window: { x: 2, y: 1, width: 2, height: 1 } });
    expect([...half.data]).toEqual([6, 7]);
    expect(half.geobox.transform.toTuple()).toEqual([20, 0, 450040, 0, -20, 4999980]);
  });

  it('shifts a node-registered transform by half a pixel', async () => {
    const store = await writeStore(folder, 'node.zarr', {
      'zarr.json': arrayV3([2, 2], [2, 2], {
        dimension_names: ['Y', 'X'],
        attributes: {
          'proj:code': 'EPSG:4326',
          'spatial:registration': 'node',
          'spatial:transform': [1, 0, 0, 0, -1, 90],
        },
      }),
    });
    expect((await openRaster(store)).transform?.toTuple()).toEqual([1, 0, -0.5, 0, -1, 90.5]);
  });
});

describe('hostile stores', () => {
  it.each([
    ['a chunk above 1 GiB', arrayV3([1, 2 ** 31], [1, 2 ** 31]), /chunks of 2147483648 bytes/],
    ['a shape that no memory has', arrayV3([2 ** 40, 2 ** 40], [1, 1]), /impossible shape/],
    ['chunks of nothing', arrayV3([2, 2], [0, 2]), /chunks of no values/],
    ['chunks of another rank', arrayV3([2, 2], [2]), /chunks of another rank/],
    ['a negative shape', arrayV3([-1, 2], [1, 1]), /is not valid: shape/],
    [
      'shards with more index than data',
      arrayV3([2 ** 30], [2 ** 30], {
        codecs: [
          {
            name: 'sharding_indexed',
            configuration: {
              chunk_shape: [1],
              codecs: [{ name: 'bytes' }],
              index_codecs: [{ name: 'bytes' }],
            },
          },
        ],
      }),
      /chunks of 17179869184 bytes/,
    ],
  ])('refuses %s', async (name, document, message) => {
    const store = await writeStore(folder, `hostile ${name}.zarr`, { 'zarr.json': document });
    await expect(openRaster(store)).rejects.toThrow(message);
  });

  it('refuses keys that leave the store', async () => {
    for (const path of ['../outside', 'a/../../outside', 'a\\b', 'a//b']) {
      const store = await writeStore(folder, 'leaving.zarr', {
        'zarr.json': {
          zarr_format: 3,
          node_type: 'group',
          consolidated_metadata: { metadata: { [path]: arrayV3([2, 2], [2, 2]) } },
        },
      });
      const opened = openZarr(store).then(async (group) => {
        expect(await group.array('../../several.zarr/nir')).toBe(null);
        return group.list();
      });
      await expect(opened).rejects.toThrow(/leaves the store/);
    }
  });

  it('does not expand a decompression bomb', async () => {
    const bomb = gzipSync(new Uint8Array(64 * 2 ** 20));
    const store = await writeStore(folder, 'bomb.zarr', {
      'zarr.json': arrayV3([4, 4], [4, 4], { codecs: [{ name: 'bytes' }, { name: 'gzip' }] }),
      'c/0/0': bomb,
    });
    await expect((await openRaster(store)).readPlanes()).rejects.toThrow(/damaged chunk at \(0, 0\)/);
  });

  it('refuses a chunk that is too short', async () => {
    const store = await writeStore(folder, 'short.zarr', {
      'zarr.json': arrayV3([4, 4], [4, 4]),
      'c/0/0': new Uint8Array(9),
    });
    await expect((await openRaster(store)).readPlanes()).rejects.toThrow(/it holds 9 values, not 16/);
  });

  it('names unsupported codecs', async () => {
    const store = await writeStore(folder, 'lzma.zarr', {
      '.zarray': {
        zarr_format: 2,
        shape: [2, 2],
        chunks: [2, 2],
        dtype: '<i2',
        compressor: { id: 'lzma' },
        fill_value: null,
        order: 'C',
        filters: null,
      },
      '0.0': new Uint8Array(8),
    });
    await expect((await openRaster(store)).readPlanes()).rejects.toThrow(
      /a codec that terrachip does not read/,
    );
  });

  it('refuses integers that float64 cannot hold', async () => {
    const bytes = new BigInt64Array([2n ** 53n + 1n, 1n]);
    const store = await writeStore(folder, 'large.zarr', {
      'zarr.json': arrayV3([1, 2], [1, 2], { data_type: 'int64' }),
      'c/0/0': new Uint8Array(bytes.buffer),
    });
    await expect((await openRaster(store)).readPlanes()).rejects.toThrow(/9007199254740993, which float64/);
  });

  it('is refused without metadata', async () => {
    await expect(openZarr(folder)).rejects.toThrow(/is no Zarr store/);
    const broken = join(folder, 'broken.zip');
    await writeFile(broken, Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0));
    await expect(openRaster(broken)).rejects.toThrow(/no readable zip file/);
  });
});

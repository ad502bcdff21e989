import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openRaster } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { serveFolder } from '../support/stores.js';
import { arrayV3, writeStore } from '../support/zarr-store.js';

const folder = await temporaryFolder();

describe('a web server that answers 403', () => {
  const documents = {
    'zarr.json': { zarr_format: 3, node_type: 'group' },
    'a/zarr.json': arrayV3([2, 6], [2, 3], { fill_value: 9, dimension_names: ['y', 'x'] }),
    'a/c/0/1': Uint8Array.of(1, 2, 3, 4, 5, 6),
  };
  const wanted = [9, 9, 9, 1, 2, 3, 9, 9, 9, 4, 5, 6];

  it('for absent keys has chunks of the fill value, as with 404', async () => {
    const v3 = await writeStore(folder, 'refused-v3.zarr', documents);
    await writeStore(folder, 'refused-v2.zarr', {
      '.zgroup': { zarr_format: 2 },
      'a/.zarray': {
        zarr_format: 2,
        shape: [2, 6],
        chunks: [2, 3],
        dtype: '|u1',
        compressor: null,
        fill_value: 9,
        order: 'C',
        filters: null,
      },
      'a/0.1': Uint8Array.of(1, 2, 3, 4, 5, 6),
    });
    for (const status of [403, 404]) {
      const { url } = await serveFolder(dirname(v3), status);
      for (const store of ['refused-v3.zarr', 'refused-v2.zarr']) {
        const raster = await openRaster(`${url}/${store}#a`);
        expect([...(await raster.readPlanes())[0]]).toEqual(wanted);
        await raster.close();
      }
    }
  });

  it('for every key, or from some time on, is an error', async () => {
    const store = await writeStore(folder, 'forbidden.zarr', documents);
    let ended = true;
    const { url } = await serveFolder(dirname(store), 403, () => ended);
    await expect(openRaster(`${url}/forbidden.zarr#a`)).rejects.toThrow(/answered 403/);
    ended = false;
    const raster = await openRaster(`${url}/forbidden.zarr#a`);
    ended = true;
    await expect(raster.readPlanes()).rejects.toThrow(/answered 403/);
  });
});

const bytes = { name: 'bytes', configuration: { endian: 'little' } };

const sharded = (shape: number[], codecs: object[] = [bytes]): object => ({
  name: 'sharding_indexed',
  configuration: { chunk_shape: shape, codecs, index_codecs: [bytes] },
});

describe('an array that cannot be read', () => {
  it('is named, and does not hide the others', async () => {
    const store = await writeStore(folder, 'odd.zarr', {
      'zarr.json': { zarr_format: 3, node_type: 'group' },
      'good/zarr.json': arrayV3([2, 2], [2, 2], { dimension_names: ['y', 'x'] }),
      'good/c/0/0': Uint8Array.of(1, 2, 3, 4),
      'grid/zarr.json': arrayV3([2, 2], [2, 2], {
        chunk_grid: { name: 'rectilinear', configuration: { kind: 'inline', chunk_shapes: [[1, 1], 2] } },
      }),
      'shape/zarr.json': arrayV3([2, 2], [0, 2]),
      'nested/zarr.json': arrayV3([2, 2], [2, 2], { codecs: [sharded([2, 2], [sharded([1, 1])])] }),
      'transformed/zarr.json': arrayV3([2, 2], [2, 2], { storage_transformers: [{ name: 'of mine' }] }),
    });
    const warnings: string[] = [];
    const raster = await openRaster(store, {
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect([...(await raster.readPlanes())[0]]).toEqual([1, 2, 3, 4]);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^left out: .*grid.zarr.json has a "rectilinear" grid of chunks, which terrachip/,
      ),
      expect.stringMatching(/^left out: .*nested.zarr.json has shards inside of shards/),
      expect.stringMatching(/^left out: .*shape.zarr.json declares chunks of no values/),
      expect.stringMatching(/^left out: .*transformed.zarr.json has storage transformers/),
    ]);
    await expect(openRaster(`${store}#grid`)).rejects.toThrow(/"rectilinear" grid of chunks/);
  });

  it('because it has no values is named with its shape', async () => {
    const store = await writeStore(folder, 'nothing.zarr', {
      'zarr.json': { zarr_format: 3, node_type: 'group' },
      'v/zarr.json': arrayV3([0, 4, 4], [1, 4, 4]),
    });
    await expect(openRaster(store)).rejects.toThrow(
      /nothing.zarr holds no pixels: v has the shape 0 × 4 × 4/,
    );
  });
});

describe('Zstandard without a declared size', () => {
  /** A frame of RFC 8878 without its content's size: one raw block, or blocks of one byte repeated. */
  const frame = (...blocks: [type: 'raw' | 'repeated', size: number, bytes: number[]][]): number[] => [
    ...[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58],
    ...blocks.flatMap(([type, size, bytes], i) => {
      const header = (size << 3) | (type === 'raw' ? 0 : 2) | (i === blocks.length - 1 ? 1 : 0);
      return [header & 255, (header >> 8) & 255, header >> 16, ...bytes];
    }),
  ];
  const codecs = [{ name: 'bytes' }, { name: 'zstd', configuration: { level: 1, checksum: false } }];
  const planeOf = async (name: string, chunk: number[]): Promise<number[]> => {
    const store = await writeStore(folder, `${name}.zarr`, {
      'zarr.json': arrayV3([2, 3], [2, 3], { codecs }),
      'c/0/0': Uint8Array.from(chunk),
    });
    const raster = await openRaster(store);
    return [...(await raster.readPlanes())[0]];
  };

  it('decodes, in one frame or several', async () => {
    expect(await planeOf('raw', frame(['raw', 6, [1, 2, 3, 4, 5, 6]]))).toEqual([1, 2, 3, 4, 5, 6]);
    const several = [...frame(['raw', 2, [1, 2]]), ...frame(['repeated', 3, [7]], ['raw', 1, [8]])];
    expect(await planeOf('frames', several)).toEqual([1, 2, 7, 7, 7, 8]);
    // A skippable frame, and one that declares a size of 2 bytes.
    const mixed = [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 99, 0x28, 0xb5, 0x2f, 0xfd, 0x20, 2, 0x11, 0, 0, 5, 6];
    expect(await planeOf('mixed', [...mixed, ...frame(['repeated', 4, [3]])])).toEqual([5, 6, 3, 3, 3, 3]);
  });

  it('is refused when it is larger than its chunk, or truncated', async () => {
    const bomb = frame(
      ...Array.from({ length: 4096 }, (): ['repeated', number, number[]] => ['repeated', 131_072, [0]]),
    );
    await expect(planeOf('bomb', bomb)).rejects.toThrow(/has a damaged chunk at \(0, 0\)/);
    const declared = [...frame(['raw', 2, [1, 2]]), 0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x7f, 1, 0, 0];
    await expect(planeOf('declared', declared)).rejects.toThrow(/has a damaged chunk/);
    const cut = frame(['raw', 6, [1, 2, 3, 4, 5, 6]]).slice(0, -2);
    await expect(planeOf('cut', cut)).rejects.toThrow(/has a damaged chunk/);
  });
});

describe('parts of the specification', () => {
  // Encoded by numcodecs.Delta('<i4', astype='<i2'); a missing chunk as zarr-python reads it.
  it('reads deltas in a smaller type, and the largest integer as a fill value', async () => {
    const array = (dtype: string, fill: number, filters: object[] | null): object => ({
      zarr_format: 2,
      shape: [1, 4],
      chunks: [1, 4],
      dtype,
      fill_value: fill,
      filters,
      compressor: null,
      order: 'C',
    });
    const store = await writeStore(folder, 'differences.zarr', {
      '.zgroup': { zarr_format: 2 },
      'v/.zarray': array('<i4', -1, [{ id: 'delta', dtype: '<i4', astype: '<i2' }]),
      'v/0.0': new Uint8Array(Int16Array.of(100, -7, 300, -393).buffer),
      'w/.zarray': array('<i8', 2 ** 63, null),
    });
    const planesOf = async (name: string): Promise<unknown> => {
      const raster = await openRaster(`${store}#${name}`);
      const [plane] = await raster.readPlanes();
      await raster.close();
      return { nodata: raster.bands[0].nodata, values: [...plane] };
    };
    expect(await planesOf('v')).toEqual({ nodata: -1, values: [100, 93, 393, 0] });
    expect(await planesOf('w')).toEqual({ nodata: 2 ** 63, values: [2 ** 63, 2 ** 63, 2 ** 63, 2 ** 63] });
  });

  it('reads an index at the start of a shard, and numcodecs filters in version 3', async () => {
    const shard = new Uint8Array(32 + 2);
    const view = new DataView(shard.buffer);
    for (const [i, offset] of [33, 32].entries()) {
      view.setBigUint64(16 * i, BigInt(offset), true);
      view.setBigUint64(16 * i + 8, 1n, true);
    }
    shard.set([8, 7], 32);
    const scaled = { scale: 2, offset: 10, dtype: '<f4', astype: '|u1' };
    const store = await writeStore(folder, 'parts.zarr', {
      'zarr.json': { zarr_format: 3, node_type: 'group' },
      'start/zarr.json': arrayV3([1, 2], [1, 2], {
        codecs: [
          {
            name: 'sharding_indexed',
            configuration: {
              chunk_shape: [1, 1],
              codecs: [{ name: 'bytes' }],
              index_codecs: [{ name: 'bytes', configuration: { endian: 'little' } }],
              index_location: 'start',
            },
          },
        ],
      }),
      'start/c/0/0': shard,
      'scaled/zarr.json': arrayV3([1, 3], [1, 3], {
        data_type: 'float32',
        fill_value: '0x7fc00000',
        codecs: [{ name: 'numcodecs.fixedscaleoffset', configuration: scaled }, { name: 'bytes' }],
      }),
      'scaled/c/0/0': Uint8Array.of(0, 5, 255),
      'half/zarr.json': arrayV3([1, 2], [1, 2], { data_type: 'float16', fill_value: '0x3e00' }),
    });
    const planes = [];
    for (const name of ['start', 'scaled', 'half']) {
      const raster = await openRaster(`${store}#${name}`);
      planes.push([...(await raster.readPlanes())[0]]);
      await raster.close();
    }
    expect(planes).toEqual([
      [7, 8],
      [10, 12.5, 137.5],
      [1.5, 1.5],
    ]);
  });
});

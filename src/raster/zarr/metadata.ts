/** Zarr v3 metadata documents, with GeoZarr attributes where an array lies on a pixel grid. */
import type { Dimension, Dtype, GeoBox } from '../../geo/index.js';

export interface ZarrArrayOptions {
  readonly shape: readonly number[];
  /** The shape of a shard: one file. It must be a multiple of the inner chunk's along every axis. */
  readonly shardShape: readonly number[];
  /** The shape of an inner chunk: the unit that readers decode. */
  readonly chunkShape: readonly number[];
  readonly dtype: Dtype;
  readonly fillValue: number;
  readonly dimensions: readonly Dimension[];
  readonly attributes?: Readonly<Record<string, unknown>>;
}

const LITTLE_ENDIAN_BYTES = { name: 'bytes', configuration: { endian: 'little' } } as const;

/** `zarr.json` of a sharded array. */
export function zarrArrayMetadata(options: ZarrArrayOptions): Record<string, unknown> {
  return {
    zarr_format: 3,
    node_type: 'array',
    shape: options.shape,
    data_type: options.dtype,
    chunk_grid: { name: 'regular', configuration: { chunk_shape: options.shardShape } },
    chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
    fill_value: encodeFillValue(options.fillValue),
    codecs: [
      {
        name: 'sharding_indexed',
        configuration: {
          chunk_shape: options.chunkShape,
          codecs: [LITTLE_ENDIAN_BYTES],
          index_codecs: [LITTLE_ENDIAN_BYTES, { name: 'crc32c' }],
          index_location: 'end',
        },
      },
    ],
    dimension_names: options.dimensions,
    attributes: options.attributes ?? {},
  };
}

/** `zarr.json` of a group. */
export function zarrGroupMetadata(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { zarr_format: 3, node_type: 'group', attributes };
}

/** JSON has no NaN: Zarr spells it out. */
function encodeFillValue(value: number): number | string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return 'Infinity';
  return value === -Infinity ? '-Infinity' : value;
}

/** Where the pixels of an array lie, in the conventions `proj:` and `spatial:` of GeoZarr. */
export function geoZarrAttributes(geobox: GeoBox): Record<string, unknown> {
  const { crs, transform, width, height } = geobox;
  return {
    'proj:code': crs.epsg === null ? null : `EPSG:${crs.epsg}`,
    ...(crs.wkt === null ? {} : { 'proj:wkt2': crs.wkt }),
    'spatial:dimensions': ['y', 'x'],
    'spatial:transform': transform.toTuple(),
    'spatial:shape': [height, width],
    'spatial:bbox': geobox.bounds,
    'spatial:registration': 'pixel',
  };
}

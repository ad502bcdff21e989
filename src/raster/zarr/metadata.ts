/** Zarr v3 metadata documents, with GeoZarr and CF attributes of pixel grids. */
import { type Dtype, type GeoBox, isFloat } from '../../geo/index.js';
import type { CodecEntry } from './codec-names.js';

/** Shape, type and layout of a Zarr array. */
export interface ZarrArrayOptions {
  readonly shape: readonly number[];
  /** The shape of a shard (one file): a multiple of the inner chunk's along every axis. */
  readonly shardShape: readonly number[];
  /** The shape of an inner chunk, the unit of decoding. */
  readonly chunkShape: readonly number[];
  readonly dtype: Dtype;
  readonly fillValue: number;
  readonly dimensions: readonly string[];
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Compression of inner chunks; default `none`. */
  readonly compression?: ZarrCompression;
}

/** The compressions that terrachip writes; `blosc` is Zstandard with byte shuffle. */
export const ZARR_COMPRESSIONS = ['none', 'zstd', 'gzip', 'blosc'] as const;
/** A compression of the chunks of a Zarr array. */
export type ZarrCompression = (typeof ZARR_COMPRESSIONS)[number];

/** rioxarray's name of the grid mapping variable. */
export const GRID_MAPPING = 'spatial_ref';

const LITTLE_ENDIAN_BYTES = { name: 'bytes', configuration: { endian: 'little' } } as const;

/** `zarr.json` of an array; `rest` has the codecs, and then the names of dimensions and the attributes. */
function arrayMetadata(
  shape: readonly number[],
  type: string,
  chunkShape: readonly number[],
  fill: number | string,
  rest: Record<string, unknown>,
): Record<string, unknown> {
  return {
    zarr_format: 3,
    node_type: 'array',
    shape,
    data_type: type,
    chunk_grid: { name: 'regular', configuration: { chunk_shape: chunkShape } },
    chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
    // Zarr writes NaN and infinities, which JSON lacks, as text.
    fill_value: typeof fill === 'string' || Number.isFinite(fill) ? fill : String(fill),
    ...rest,
  };
}

/**
 * `zarr.json` of a sharded array.
 * @param compression the codec of its inner chunks, or null for none
 */
export function zarrArrayMetadata(
  { shape, dtype, shardShape, chunkShape, fillValue, dimensions, attributes = {} }: ZarrArrayOptions,
  compression: CodecEntry | null,
): Record<string, unknown> {
  const sharding = {
    chunk_shape: chunkShape,
    codecs: compression === null ? [LITTLE_ENDIAN_BYTES] : [LITTLE_ENDIAN_BYTES, compression],
    index_codecs: [LITTLE_ENDIAN_BYTES, { name: 'crc32c' }],
    index_location: 'end',
  };
  return arrayMetadata(shape, dtype, shardShape, fillValue, {
    codecs: [{ name: 'sharding_indexed', configuration: sharding }],
    dimension_names: dimensions,
    attributes,
  });
}

/** `zarr.json` of a list of texts, in chunks of `chunkLength`. */
export function zarrTextMetadata(
  length: number,
  chunkLength: number,
  dimension: string,
  attributes: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return arrayMetadata([length], 'string', [chunkLength], '', {
    codecs: [{ name: 'vlen-utf8', configuration: {} }],
    dimension_names: [dimension],
    attributes,
  });
}

/** `zarr.json` of a group. */
export function zarrGroupMetadata(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { zarr_format: 3, node_type: 'group', attributes };
}

/** GeoZarr's `proj:` and `spatial:` attributes of a grid. */
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

/** `zarr.json` of the grid mapping variable: a grid's CRS and transform. */
export function gridMappingMetadata(geobox: GeoBox): Record<string, unknown> {
  const { a, b, c, d, e, f } = geobox.transform;
  const { wkt, isGeographic } = geobox.crs;
  return arrayMetadata([], 'int32', [], 0, {
    codecs: [LITTLE_ENDIAN_BYTES],
    attributes: {
      // Only geographic CRSs get a CF name; WKT describes the others better.
      ...(isGeographic ? { grid_mapping_name: 'latitude_longitude' } : {}),
      ...(wkt === null ? {} : { crs_wkt: wkt, spatial_ref: wkt }),
      GeoTransform: [c, a, b, f, d, e].join(' '),
    },
  });
}

/** CF attributes of a grid's coordinate variable. */
export function coordinateAttributes(geobox: GeoBox, axis: 'x' | 'y'): Record<string, unknown> {
  const { isGeographic, metresPerUnit } = geobox.crs;
  if (isGeographic) {
    return axis === 'x'
      ? { standard_name: 'longitude', long_name: 'longitude', units: 'degrees_east', axis: 'X' }
      : { standard_name: 'latitude', long_name: 'latitude', units: 'degrees_north', axis: 'Y' };
  }
  return {
    standard_name: `projection_${axis}_coordinate`,
    long_name: `${axis} coordinate of projection`,
    units: metresPerUnit === 1 ? 'm' : `${metresPerUnit} m`,
    axis: axis.toUpperCase(),
  };
}

/**
 * CF attributes of a variable: its grid mapping and missing values.
 * @param nodata in stored units; null for none
 */
export function cfAttributes(dtype: Dtype, nodata: number | null): Record<string, unknown> {
  const fill =
    nodata === null || Number.isNaN(nodata) ? {} : { _FillValue: encodeFillAttribute(dtype, nodata) };
  return { grid_mapping: GRID_MAPPING, ...fill };
}

/** xarray expects a float's missing value as a little-endian float64 in base 64. */
function encodeFillAttribute(dtype: Dtype, value: number): number | string {
  if (!isFloat(dtype)) return value;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  return btoa(String.fromCharCode(...new Uint8Array(view.buffer)));
}

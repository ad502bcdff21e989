/** Zarr's metadata documents, version 2 and 3: validated, and converted to zarrita's form. */
import * as v from 'valibot';
import * as zarr from 'zarrita';
import { invalidInput, unsupported } from '../../errors.js';
import { AnyRecord, validate } from '../../json.js';
import {
  type ArrayDescription,
  type Attributes,
  checkChunk,
  checkShape,
  NOT_FINITE,
} from '../arrays/index.js';
import { boundedCodec, type CodecEntry } from './codec-names.js';
import { encodeFill, parseFill, typeOfV2, typeOfV3, type ZarrType } from './types.js';

const Shape = v.array(v.pipe(v.number(), v.integer(), v.minValue(0)));
const Codec = v.looseObject({ name: v.string(), configuration: v.optional(AnyRecord, {}) });
/** A codec without a configuration may be written as its name alone. */
const CodecSchema = v.pipe(
  v.union([v.string(), Codec]),
  v.transform((codec) => (typeof codec === 'string' ? { name: codec, configuration: {} } : codec)),
);
const KeyEncoding = v.object({
  name: v.picklist(['default', 'v2']),
  configuration: v.optional(v.object({ separator: v.optional(v.picklist(['.', '/'])) })),
});

const ArrayV3 = v.object({
  zarr_format: v.literal(3),
  node_type: v.literal('array'),
  shape: Shape,
  data_type: v.union([v.string(), v.object({ name: v.string(), configuration: v.optional(AnyRecord, {}) })]),
  chunk_grid: v.object({ name: v.literal('regular'), configuration: v.object({ chunk_shape: Shape }) }),
  chunk_key_encoding: KeyEncoding,
  fill_value: v.optional(v.unknown()),
  codecs: v.optional(v.array(CodecSchema), []),
  attributes: v.optional(AnyRecord, {}),
  dimension_names: v.nullish(v.array(v.nullable(v.string()))),
});

const CodecV2 = v.looseObject({ id: v.string() });
const Scaling = v.object({
  scale: v.optional(v.number(), 1),
  offset: v.optional(v.number(), 0),
  astype: v.optional(v.string()),
});
const ArrayV2 = v.object({
  zarr_format: v.literal(2),
  shape: Shape,
  chunks: Shape,
  dtype: v.unknown(),
  compressor: v.nullish(CodecV2),
  fill_value: v.optional(v.unknown()),
  order: v.optional(v.picklist(['C', 'F']), 'C'),
  filters: v.nullish(v.array(CodecV2)),
  dimension_separator: v.optional(v.picklist(['.', '/']), '.'),
});

export const NodeV3 = v.looseObject({
  zarr_format: v.literal(3),
  node_type: v.picklist(['array', 'group']),
  attributes: v.optional(AnyRecord, {}),
  consolidated_metadata: v.nullish(v.looseObject({ metadata: AnyRecord })),
});

/** `.zmetadata` of version 2: documents by key. */
export const ConsolidatedV2 = v.looseObject({ metadata: AnyRecord });

const ShardingConfiguration = v.object({
  chunk_shape: Shape,
  codecs: v.array(CodecSchema),
  index_codecs: v.array(CodecSchema),
  index_location: v.optional(v.picklist(['start', 'end']), 'end'),
});

/** An array's parameters, and its document for zarrita. The chunk of a sharded array is the inner one. */
export interface ArrayDocument extends Omit<ArrayDescription, 'name' | 'path'> {
  /** An unsupported codec, or null. */
  readonly unknownCodec: string | null;
  /** Whether shards begin with their index. */
  readonly indexAtStart: boolean;
  /** Null for an unsupported type. */
  readonly metadata: zarr.ArrayMetadata | null;
}

/** Unsupported extensions of version 3 arrays. */
const Extensions = v.looseObject({
  chunk_grid: v.optional(v.looseObject({ name: v.string() })),
  storage_transformers: v.optional(v.array(v.unknown())),
});

/** @throws {TerrachipError} UNSUPPORTED for an irregular chunk grid, or storage transformers */
function requireCore(value: unknown, name: string): void {
  const { success, output } = v.safeParse(Extensions, value);
  if (!success) return;
  const { chunk_grid: grid, storage_transformers: transformers = [] } = output;
  const extension =
    grid !== undefined && grid.name !== 'regular'
      ? `a ${JSON.stringify(grid.name)} grid of chunks`
      : transformers.length > 0
        ? 'storage transformers'
        : null;
  if (extension === null) return;
  throw unsupported(
    `Zarr: ${extension}`,
    `${name} has ${extension}, which terrachip does not read`,
    'store it again with regular chunks',
  );
}

/**
 * @throws {TerrachipError} INVALID_INPUT for an invalid document, UNSUPPORTED for extensions, TOO_LARGE for chunks above
 * the limit
 */
export function readArrayV3(value: unknown, name: string): ArrayDocument {
  requireCore(value, name);
  const document = validate(ArrayV3, value, name);
  const { shape, attributes } = document;
  const type = typeOfV3(document.data_type);
  const fill = type.numeric === null ? null : parseFill(document.fill_value, type.stored, name);
  const outer = document.chunk_grid.configuration.chunk_shape;
  const sharding = document.codecs.find((codec) => codec.name === 'sharding_indexed');
  const inner = sharding === undefined ? null : validate(ShardingConfiguration, sharding.configuration, name);
  if (inner !== null) checkSharding(name, document.codecs, outer, inner);
  const chunkShape = inner?.chunk_shape ?? outer;
  checkLayout(name, shape, outer, chunkShape, type.bytes);
  const bytesCodecs = inner?.codecs ?? document.codecs;
  const chunkCodecs = bytesCodecs.flatMap((codec) => codecsV3(codec, type.stored, name));
  const indexCodecs = (inner?.index_codecs ?? []).map(boundedCodec);
  const sharded = { ...inner, index_location: 'end', codecs: chunkCodecs, index_codecs: indexCodecs };
  const codecs = inner === null ? chunkCodecs : [{ name: 'sharding_indexed', configuration: sharded }];
  return {
    shape,
    chunkShape,
    storedType: type.stored,
    dtype: type.numeric,
    dimensions: namesFor(shape, document.dimension_names ?? attributes._ARRAY_DIMENSIONS),
    attributes,
    compression: compressionOf(bytesCodecs.map((codec) => codec.name)),
    // Version 3 requires a fill value; 0 is the default of writers.
    nodata: fill === 0 ? null : fill,
    unknownCodec: unknownCodec([...chunkCodecs, ...indexCodecs]),
    indexAtStart: inner?.index_location === 'start',
    metadata: zarritaMetadata(type, shape, outer, document.chunk_key_encoding, codecs, fill),
  };
}

/** @throws {TerrachipError} as `readArrayV3` */
export function readArrayV2(value: unknown, attributes: Attributes, name: string): ArrayDocument {
  const document = validate(ArrayV2, value, name);
  const { shape, chunks } = document;
  const type = typeOfV2(document.dtype);
  const fill = type.numeric === null ? null : parseFill(document.fill_value, type.stored, name);
  checkLayout(name, shape, chunks, chunks, type.bytes);
  const filters = document.filters ?? [];
  const keyEncoding = { name: 'v2' as const, configuration: { separator: document.dimension_separator } };
  const codecs: CodecEntry[] = [
    ...(document.order === 'F' ? [{ name: 'transpose', configuration: { order: 'F' } }] : []),
    ...filters.flatMap((filter) => filterCodecs(filter, type.stored, name)),
    ...(type.bigEndian ? [{ name: 'bytes', configuration: { endian: 'big' } }] : []),
  ];
  if (document.compressor) {
    const { id, ...configuration } = document.compressor;
    codecs.push(boundedCodec({ name: `numcodecs.${id}`, configuration }));
  }
  return {
    shape,
    chunkShape: chunks,
    storedType: type.stored,
    dtype: type.numeric,
    dimensions: namesFor(shape, attributes._ARRAY_DIMENSIONS),
    attributes,
    compression: document.compressor?.id ?? 'none',
    nodata: fill,
    unknownCodec: unknownCodec(codecs),
    indexAtStart: false,
    metadata: zarritaMetadata(type, shape, chunks, keyEncoding, codecs, fill),
  };
}

/** A codec of version 3; numcodecs' are filters of version 2. */
function codecsV3(codec: CodecEntry, stored: string, name: string): CodecEntry[] {
  const [, id] = /^numcodecs\.(\w+)$/.exec(codec.name) ?? [];
  return id === undefined
    ? [boundedCodec(codec)]
    : filterCodecs({ ...codec.configuration, id }, stored, name);
}

/** A filter of version 2 as codecs of version 3. */
function filterCodecs(filter: v.InferOutput<typeof CodecV2>, stored: string, name: string): CodecEntry[] {
  const { id, ...configuration } = filter;
  if (!['fixedscaleoffset', 'quantize', 'delta'].includes(id)) {
    return [boundedCodec({ name: `numcodecs.${id}`, configuration })];
  }
  const { scale, offset, astype } = validate(Scaling, configuration, name);
  const codecs: CodecEntry[] = [];
  if (id === 'delta') codecs.push({ name: 'numcodecs.delta', configuration });
  if (id === 'fixedscaleoffset') codecs.push({ name: 'scale_offset', configuration: { scale, offset } });
  const packed = astype === undefined ? null : typeOfV2(/^[<>|]/.test(astype) ? astype : `<${astype}`);
  if (packed === null || packed.stored === stored) return codecs;
  const cast = { data_type: packed.zarrita, rounding: 'nearest-even', out_of_range: 'wrap' };
  // A fill value outside the packed type is never packed: chunks of it are left out.
  const losesNan = stored.startsWith('float') && !packed.stored.startsWith('float');
  const scalar_map = { encode: Object.keys(NOT_FINITE).map((word) => [word, 0]) };
  codecs.push({ name: 'cast_value', configuration: losesNan ? { ...cast, scalar_map } : cast });
  return codecs;
}

/** The document for zarrita; null for an unsupported type. */
function zarritaMetadata(
  type: ZarrType,
  shape: readonly number[],
  chunkShape: number[],
  keyEncoding: zarr.ArrayMetadata['chunk_key_encoding'],
  codecs: CodecEntry[],
  fill: number | null,
): zarr.ArrayMetadata | null {
  if (type.zarrita === null) return null;
  return {
    zarr_format: 3,
    node_type: 'array',
    shape: [...shape],
    data_type: type.zarrita,
    chunk_grid: { name: 'regular', configuration: { chunk_shape: chunkShape } },
    chunk_key_encoding: keyEncoding,
    codecs,
    fill_value: encodeFill(fill, type.stored),
    attributes: {},
  };
}

function checkLayout(
  name: string,
  shape: readonly number[],
  outer: readonly number[],
  inner: readonly number[],
  bytes: number,
): void {
  checkShape(name, shape);
  if (outer.length !== shape.length || inner.length !== shape.length) {
    throw invalidInput(name, 'has chunks of another rank than its shape', 'get it again');
  }
  checkChunk(name, inner, bytes);
  // A shard's index has 16 bytes per chunk.
  const ratio = outer.map((size, axis) => size / inner[axis]);
  checkChunk(name, ratio, 16);
}

function checkSharding(
  name: string,
  codecs: readonly CodecEntry[],
  outer: readonly number[],
  inner: v.InferOutput<typeof ShardingConfiguration>,
): void {
  if (codecs.length !== 1) {
    throw invalidInput(
      name,
      'has codecs before or after its sharding, which terrachip does not read',
      'store it with sharding as its only outer codec',
    );
  }
  const chunk = inner.chunk_shape;
  if (!outer.every((size, axis) => chunk[axis] > 0 && size % chunk[axis] === 0)) {
    throw invalidInput(
      name,
      `has shards of (${outer.join(', ')}) that are not made of chunks of (${chunk.join(', ')})`,
      'get it again',
    );
  }
  if (inner.codecs.some((codec) => codec.name === 'sharding_indexed')) {
    throw unsupported(
      'Zarr: nested shards',
      `${name} has shards inside of shards, which terrachip does not read`,
      'store it again with one level of shards',
    );
  }
}

function namesFor(shape: readonly number[], names: unknown): (string | null)[] {
  const list: readonly unknown[] = Array.isArray(names) && names.length === shape.length ? names : [];
  return shape.map((_, axis) => (typeof list[axis] === 'string' ? list[axis] : null));
}

/**
 * The first unregistered codec; null for none. Checked first because zarrita loads all codecs at once: of several unknown
 * ones all but one would be unhandled rejections.
 */
function unknownCodec(codecs: readonly CodecEntry[]): string | null {
  return codecs.find(({ name }) => !zarr.registry.has(name))?.name ?? null;
}

function compressionOf(names: readonly string[]): string {
  const compression = names.find((name) => /blosc|zstd|gzip|zlib|lz4|lzma|bz2/.test(name));
  return compression?.replace('numcodecs.', '') ?? 'none';
}

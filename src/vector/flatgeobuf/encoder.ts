/**
 * Writing FlatGeobuf 3 (header.fbs and feature.fbs of github.com/flatgeobuf/flatgeobuf): features in the order in which
 * they are added, without an index, so that none need to be kept in memory.
 */
import { Builder } from 'flatbuffers';
import { boundsOfPaths, unionBounds } from '../../geo/bounds.js';
import type { Bounds } from '../../geo/index.js';
import { concatBytes } from '../../io/bytes.js';
import type { Polygon } from '../features.js';
import type { PolygonEncoder, PropertyType, PropertyTypes, WriteBytes } from '../polygon-encoder.js';
import { MAGIC } from './magic.js';

/** Fields of the tables, in the order of the schemas. */
const HEADER = { name: 0, envelope: 1, type: 2, columns: 7, count: 8, nodeSize: 9, crs: 10, fields: 14 };
const CRS = { organisation: 0, code: 1, fields: 6 };
const COLUMN = { name: 0, type: 1, fields: 11 };
const FEATURE = { geometry: 0, properties: 1, fields: 3 };
const GEOMETRY = { ends: 0, xy: 1, type: 6, parts: 7, fields: 8 };
const POLYGON = 3;
const MULTI_POLYGON = 6;

/** Types of columns: Long, Double and String. */
const COLUMN_TYPES: Readonly<Record<PropertyType, number>> = { integer: 7, number: 10, text: 11 };

const WGS84 = 4326;

/** Encodes polygons as MultiPolygons. */
export class FlatGeobufEncoder implements PolygonEncoder {
  readonly #name: string;
  readonly #columns: readonly (readonly [name: string, type: PropertyType])[];
  #pieces: Uint8Array[];
  #count = 0n;
  #bounds: Bounds | null = null;

  /** @param name of the layer */
  constructor(name: string, types: PropertyTypes) {
    this.#name = name;
    this.#columns = Object.entries(types);
    // A placeholder: the final header has the same size.
    this.#pieces = [this.#header()];
  }

  add(polygons: readonly Polygon[], properties: Readonly<Record<string, unknown>>): void {
    const builder = new Builder(1024);
    const geometry = multiPolygon(builder, polygons);
    const stored = builder.createByteVector(this.#properties(properties));
    builder.startObject(FEATURE.fields);
    builder.addFieldOffset(FEATURE.geometry, geometry, 0);
    builder.addFieldOffset(FEATURE.properties, stored, 0);
    builder.finishSizePrefixed(builder.endObject());
    this.#pieces.push(builder.asUint8Array());
    this.#count++;
    if (polygons.length === 0) return;
    const bounds = boundsOfPaths(polygons.flat());
    this.#bounds = this.#bounds === null ? bounds : unionBounds(this.#bounds, bounds);
  }

  async flush(write: WriteBytes): Promise<void> {
    const pieces = this.#pieces;
    this.#pieces = [];
    if (pieces.length > 0) await write(concatBytes(pieces));
  }

  async finish(write: WriteBytes): Promise<Uint8Array> {
    await this.flush(write);
    return this.#header();
  }

  #header(): Uint8Array {
    const builder = new Builder(1024);
    builder.forceDefaults(true);
    const columns = this.#columns.map(([name, type]) => {
      const text = builder.createString(name);
      builder.startObject(COLUMN.fields);
      builder.addFieldOffset(COLUMN.name, text, 0);
      builder.addFieldInt8(COLUMN.type, COLUMN_TYPES[type], 0);
      return builder.endObject();
    });
    const listed = tables(builder, columns);
    const organisation = builder.createString('EPSG');
    builder.startObject(CRS.fields);
    builder.addFieldOffset(CRS.organisation, organisation, 0);
    builder.addFieldInt32(CRS.code, WGS84, 0);
    const crs = builder.endObject();
    const envelope = float64s(builder, this.#bounds ?? [0, 0, 0, 0]);
    const name = builder.createString(this.#name);
    builder.startObject(HEADER.fields);
    builder.addFieldOffset(HEADER.name, name, 0);
    builder.addFieldOffset(HEADER.envelope, envelope, 0);
    builder.addFieldInt8(HEADER.type, MULTI_POLYGON, 0);
    builder.addFieldOffset(HEADER.columns, listed, 0);
    builder.addFieldInt64(HEADER.count, this.#count, 0n);
    builder.addFieldInt16(HEADER.nodeSize, 0, 16);
    builder.addFieldOffset(HEADER.crs, crs, 0);
    builder.finishSizePrefixed(builder.endObject());
    return concatBytes([Uint8Array.from([...MAGIC, 0]), builder.asUint8Array()]);
  }

  /** The number of a column and its value, for each property. */
  #properties(properties: Readonly<Record<string, unknown>>): Uint8Array {
    const parts = this.#columns.flatMap(([name, type], column) => {
      const value = properties[name];
      if (value === undefined || value === null) return [];
      const text = type === 'text' ? new TextEncoder().encode(String(value)) : null;
      const bytes = new Uint8Array(text === null ? 10 : 6 + text.length);
      const view = new DataView(bytes.buffer);
      view.setUint16(0, column, true);
      if (text !== null) {
        view.setUint32(2, text.length, true);
        bytes.set(text, 6);
      } else if (type === 'integer') view.setBigInt64(2, BigInt(Number(value)), true);
      else view.setFloat64(2, Number(value), true);
      return [bytes];
    });
    return concatBytes(parts);
  }
}

function multiPolygon(builder: Builder, polygons: readonly Polygon[]): number {
  const parts = polygons.map((polygon) => {
    const xy = float64s(builder, polygon.flat(2));
    let end = 0;
    const ends = polygon.map((ring) => (end += ring.length));
    builder.startVector(4, ends.length, 4);
    for (const each of ends.reverse()) builder.addInt32(each);
    const listed = builder.endVector();
    builder.startObject(GEOMETRY.fields);
    builder.addFieldOffset(GEOMETRY.ends, listed, 0);
    builder.addFieldOffset(GEOMETRY.xy, xy, 0);
    builder.addFieldInt8(GEOMETRY.type, POLYGON, 0);
    return builder.endObject();
  });
  const listed = tables(builder, parts);
  builder.startObject(GEOMETRY.fields);
  builder.addFieldInt8(GEOMETRY.type, MULTI_POLYGON, 0);
  builder.addFieldOffset(GEOMETRY.parts, listed, 0);
  return builder.endObject();
}

/** A vector of tables. Vectors are built from the end. */
function tables(builder: Builder, offsets: readonly number[]): number {
  builder.startVector(4, offsets.length, 4);
  for (const offset of offsets.toReversed()) builder.addOffset(offset);
  return builder.endVector();
}

function float64s(builder: Builder, values: readonly number[]): number {
  builder.startVector(8, values.length, 8);
  for (let k = values.length - 1; k >= 0; k--) builder.addFloat64(values[k]);
  return builder.endVector();
}

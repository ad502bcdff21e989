/** Reads the consolidated files of RapidAI4EO: the outlines of all locations, and their labels. */
import { invalidInput } from '../../errors.js';
import type { ByteSource } from '../../io/index.js';
import { type OperationOptions, reportProgress } from '../../progress.js';
import { featuresOfText, linesOf, unpackedBytes } from '../text-stream.js';
import { CLC_CLASSES } from './clc.js';
import { labelRows } from './labels.js';
import { type LocationColumns, RapidAi4EoLocations } from './locations.js';

/** Limit on locations; the corpus has 500,000. */
const MOST_LOCATIONS = 5_000_000;

/** Limit on positions of an outline; those of the corpus have five. */
const MOST_POSITIONS = 1000;

/** Progress is reported after this many locations. */
const REPORT_EVERY = 50_000;

/** The files. */
export interface RapidAi4EoFiles {
  /** `rapidai4eo_geometries.geojson.gz`: a FeatureCollection of polygons with the property `sample_id`. */
  readonly geometries: ByteSource;
  /** `rapidai4eo_labels.csv.gz`; null or undefined for none. */
  readonly labels?: ByteSource | null;
}

/**
 * Reads the locations of the corpus. Both files may be gzipped.
 * @throws {TerrachipError} INVALID_INPUT for other or damaged files, for outlines that are not polygons in longitude and
 * latitude, and for an id that occurs twice; TOO_LARGE; NETWORK
 */
export async function readLocations(
  { geometries, labels = null }: RapidAi4EoFiles,
  operation: OperationOptions = {},
): Promise<RapidAi4EoLocations> {
  const columns = await readGeometries(geometries, operation);
  const shares = labels === null ? null : await readShares(labels, columns.ids, operation);
  return new RapidAi4EoLocations({ ...columns, shares });
}

async function readGeometries(
  source: ByteSource,
  operation: OperationOptions,
): Promise<Omit<LocationColumns, 'shares'>> {
  const ids: string[] = [];
  const coordinates: number[] = [];
  const offsets: number[] = [0];
  for await (const feature of featuresOfText(unpackedBytes(source, operation.signal), source.name)) {
    const { id, ring } = outlineOf(feature, `${source.name}: feature ${ids.length}`);
    ids.push(id);
    for (const [x, y] of ring) coordinates.push(x, y);
    offsets.push(coordinates.length);
    if (ids.length > MOST_LOCATIONS) {
      throw invalidInput(source.name, `has more than ${MOST_LOCATIONS} locations`, 'check the file');
    }
    if (ids.length % REPORT_EVERY === 0)
      reportProgress(operation, 'read locations', ids.length, 500_000, 'locations');
  }
  if (new Set(ids).size < ids.length) {
    throw invalidInput(source.name, 'has an id twice', 'get the file again');
  }
  return { ids, coordinates: Float64Array.from(coordinates), offsets: Uint32Array.from(offsets) };
}

interface Outline {
  readonly id: string;
  readonly ring: readonly (readonly [number, number])[];
}

/** Half a million features are checked without a schema, which would take five times as long as reading them. */
function outlineOf(feature: unknown, name: string): Outline {
  const { geometry, properties } = (feature ?? {}) as { geometry?: unknown; properties?: unknown };
  const id = ((properties ?? {}) as { sample_id?: unknown }).sample_id;
  if (typeof id !== 'string' || id === '') {
    throw invalidInput(name, 'has no property sample_id', 'give the file of geometries of the corpus');
  }
  const { type, coordinates } = (geometry ?? {}) as { type?: unknown; coordinates?: unknown };
  const ring: unknown = Array.isArray(coordinates) && coordinates.length === 1 ? coordinates[0] : null;
  if (type !== 'Polygon' || !isRing(ring)) {
    throw invalidInput(
      `${name} (${id.slice(0, 80)})`,
      'is not a polygon of one closed ring in longitude and latitude',
      'give the file of geometries of the corpus',
    );
  }
  return { id, ring };
}

function isRing(value: unknown): value is readonly (readonly [number, number])[] {
  if (!Array.isArray(value) || value.length < 4 || value.length > MOST_POSITIONS) return false;
  const [first, last] = [value[0], value.at(-1)];
  return value.every(isPosition) && first[0] === last[0] && first[1] === last[1];
}

function isPosition(value: unknown): value is readonly [number, number] {
  if (!Array.isArray(value)) return false;
  const [x, y] = value as unknown[];
  return typeof x === 'number' && typeof y === 'number' && Math.abs(x) <= 180 && Math.abs(y) <= 90;
}

async function readShares(
  source: ByteSource,
  ids: readonly string[],
  operation: OperationOptions,
): Promise<Float32Array[]> {
  const rows = new Map(ids.map((id, row) => [id, row] as const));
  const shares = CLC_CLASSES.map(() => new Float32Array(ids.length).fill(Number.NaN));
  let [most, read, known] = [0, 0, 0];
  const lines = linesOf(unpackedBytes(source, operation.signal), source.name);
  for await (const { id, values } of labelRows(lines, source.name)) {
    const row = rows.get(id);
    for (let k = 0; k < values.length; k++) {
      if (values[k] > most) most = values[k];
      if (row !== undefined) shares[k][row] = values[k];
    }
    if (row !== undefined) known++;
    if (++read % REPORT_EVERY === 0) reportProgress(operation, 'read labels', read, ids.length, 'locations');
  }
  if (known < ids.length) {
    const without = ids.length - known;
    operation.onProgress?.({
      type: 'warning',
      message: `${source.name} has no labels of ${without} locations`,
    });
  }
  // Shares above 1 can only be percentages.
  if (most > 1.001) for (const column of shares) for (let k = 0; k < column.length; k++) column[k] /= 100;
  return shares;
}

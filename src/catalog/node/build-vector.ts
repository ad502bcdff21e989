/** A catalog of vector files: labels, outlines, events. */
import { invalidInput, isTerrachipError } from '../../errors.js';
import { unionBounds } from '../../geo/bounds.js';
import { type CrsLike, TimeInterval } from '../../geo/index.js';
import { mapValues } from '../../json.js';
import { boundsOfFeature } from '../../vector/features.js';
import {
  type Polygon,
  readFeatures,
  type VectorFeature,
  type VectorFeatures,
} from '../../vector/node/index.js';
import { polygonsToLonLat } from '../../vector/to-lon-lat.js';
import { dateReader } from '../date-format.js';
import { lineOutline, pointOutline } from '../geometry.js';
import { type NameParts, type NamePatternOptions, nameReader } from '../name-pattern.js';
import { rectangle } from '../place.js';
import type { CatalogRow, CatalogValue } from '../row.js';
import { findFiles } from './find-files.js';
import { groupItems } from './group-items.js';
import { type BuildOptions, type BuiltCatalog, builtCatalog, readNamed } from './read-each.js';

/** Which files `buildVectorCatalog` reads, and how. */
export interface BuildVectorOptions extends BuildOptions, NamePatternOptions {
  /** `file` (default): one row per file, with the box around its features. `feature`: one row per feature, with its outline. */
  rows?: 'file' | 'feature';
  /** The layer of files with several. */
  layer?: string;
  /** The reference system of files that declare none. */
  crs?: CrsLike;
  /** Overrides the attribute encoding of shapefiles. */
  encoding?: string;
  /**
   * The property with a feature's time, or those with its start and its end: in ISO 8601, or in `dateFormat`. Default: the
   * time is in the file's name.
   */
  dateProperty?: string | readonly [start: string, end: string];
  /** The property that becomes a feature's id. Default: its number in the file, from 0. */
  idProperty?: string;
}

const VECTORS = /\.(geojson|json|topojson|fgb|gpkg|shp|shz|gdb|(shp|gdb)\.zip)$/i;
const STORES = /\.gdb\/?$/i;

/** A file that was read. Its rows get their ids when all files are grouped. */
interface VectorFile {
  readonly path: string;
  readonly stem: string;
  readonly band: null;
  /** With the last part of their ids; the first part is the file's. */
  readonly rows: readonly CatalogRow[];
}

/**
 * A catalog of vector files of the formats that `readFeatures` reads. Points and lines have outlines without area.
 * @param inputs paths, patterns such as `labels/*.gpkg`, folders (searched with those inside), or URLs
 * @throws {TerrachipError} NOT_FOUND for an input that names no file, INVALID_OPTION for a `filenameRegex` without its groups,
 * INVALID_INPUT where no file can be read
 */
export async function buildVectorCatalog(
  inputs: string | readonly string[],
  options: BuildVectorOptions = {},
): Promise<BuiltCatalog> {
  const { signal, rows = 'file', layer, crs, dateProperty, filenameRegex, encoding, onProgress } = options;
  const { dateFormat, ...names } = options;
  const readName = nameReader(filenameRegex === undefined && dateProperty !== undefined ? names : options);
  const readDate = dateProperty === undefined ? null : propertyReader(dateProperty, dateFormat);
  const paths = await findFiles(inputs, { wanted: VECTORS, isStore: STORES, signal });
  const { values, unreadable, unmatched } = await readNamed(
    paths,
    readName,
    options,
    async (path, parts): Promise<VectorFile> => {
      const features = await readFeatures(path, { signal, layer, crs, encoding, onProgress });
      if (features.features.length === 0) throw invalidInput(path, 'holds no geometry', 'leave it out');
      const file: FileContext = { path, parts, readDate };
      const made =
        rows === 'feature' ? featureRows(file, features, options.idProperty) : [fileRow(file, features)];
      return { path, stem: parts.stem, band: null, rows: made };
    },
  );
  const all = groupItems(values).flatMap(({ id, files: [file] }) =>
    file.rows.map((row): CatalogRow => ({ ...row, id: `${id}${row.id}` })),
  );
  return builtCatalog(all, options, unreadable, unmatched);
}

/** Reads the time of a feature from its properties. */
type PropertyReader = (name: string, properties: VectorFeature['properties']) => TimeInterval;

interface FileContext {
  readonly path: string;
  readonly parts: NameParts;
  readonly readDate: PropertyReader | null;
}

/** The box around all features, in the file's reference system. */
function fileRow(file: FileContext, { crs, features }: VectorFeatures): CatalogRow {
  const { path, parts, readDate } = file;
  const bounds = features.map(boundsOfFeature).reduce(unionBounds);
  const interval =
    readDate === null
      ? parts.interval
      : features.map(({ properties }) => readDate(path, properties)).reduce((a, b) => a.union(b));
  const footprint = polygonsToLonLat([rectangle(bounds)], crs, path);
  return rowOf('', file, footprint, interval, { features: features.length });
}

function featureRows(
  file: FileContext,
  { crs, features }: VectorFeatures,
  idProperty: string | undefined,
): CatalogRow[] {
  const { path, parts, readDate } = file;
  const ids = new Set<string>();
  return features.map((feature, k) => {
    const id = idProperty === undefined ? k : feature.properties[idProperty];
    if ((typeof id !== 'string' && typeof id !== 'number') || ids.has(String(id))) {
      throw invalidInput(
        path,
        `has the ${ids.has(String(id)) ? `${idProperty} ${id} twice` : `${idProperty} ${JSON.stringify(id)}`}`,
        'choose a property with a text or number of its own for each feature',
      );
    }
    ids.add(String(id));
    const outlines = [
      ...feature.polygons,
      ...feature.lines.map(lineOutline),
      ...feature.points.map(pointOutline),
    ];
    const footprint = polygonsToLonLat(outlines, crs, `${path}: feature ${id}`);
    const interval = readDate?.(path, feature.properties) ?? parts.interval;
    const properties = mapValues(feature.properties, valueOfProperty);
    return rowOf(`/${id}`, file, footprint, interval, properties);
  });
}

function rowOf(
  id: string,
  { path, parts }: FileContext,
  footprint: readonly Polygon[],
  interval: TimeInterval,
  properties: Readonly<Record<string, CatalogValue>>,
): CatalogRow {
  return {
    id,
    collection: '',
    footprint,
    interval,
    href: path,
    assets: { data: { href: path, roles: ['data'] } },
    properties: { ...parts.properties, ...properties },
  };
}

/** Properties of any file as JSON has them. */
function valueOfProperty(value: unknown): CatalogValue {
  if (Array.isArray(value)) return value.map(valueOfProperty);
  if (typeof value === 'object' && value !== null) return mapValues({ ...value }, valueOfProperty);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function propertyReader(
  dateProperty: string | readonly [string, string],
  dateFormat: string | undefined,
): PropertyReader {
  const [start, end] = typeof dateProperty === 'string' ? [dateProperty, dateProperty] : dateProperty;
  const read = dateFormat === undefined ? dateOf : dateReader(dateFormat);
  const moment = (name: string, property: string, value: unknown): TimeInterval => {
    const interval = typeof value === 'string' || typeof value === 'number' ? read(String(value)) : null;
    if (interval !== null) return interval;
    throw invalidInput(
      name,
      `has a feature whose ${property} is ${JSON.stringify(value) ?? 'missing'}, which is no date`,
      dateFormat === undefined
        ? 'give a `dateFormat`, or another `dateProperty`'
        : `write it as ${dateFormat}`,
    );
  };
  return (name, properties) => {
    const from = moment(name, start, properties[start]);
    if (start === end) return from;
    return new TimeInterval(from.start, moment(name, end, properties[end]).end);
  };
}

/** A date in ISO 8601, or as SQL and shapefiles write it, with a space or slashes; null for another text. */
function dateOf(text: string): TimeInterval | null {
  try {
    return TimeInterval.parse(text.replaceAll('/', '-').replace(/^([\d-]{10}) /, '$1T'));
  } catch (error) {
    if (isTerrachipError(error, 'INVALID_INPUT')) return null;
    throw error;
  }
}

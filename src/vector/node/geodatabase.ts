/** Esri file geodatabases, through GDAL compiled to WebAssembly: the optional package gdal3.js (LGPL). */
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { invalidInput, loadPackage, messageOf, TerrachipError } from '../../errors.js';
import { MemorySource } from '../../io/index.js';
import { chooseLayer, type ParseVectorOptions, type VectorFeatures } from '../features.js';
import { readFlatGeobuf } from '../flatgeobuf/index.js';

interface Dataset {
  readonly info: {
    readonly layers?: readonly { readonly name: string; readonly geometryFields?: readonly unknown[] }[];
  };
}

interface Gdal {
  open(path: string): Promise<{ datasets: Dataset[]; errors: unknown[] }>;
  ogr2ogr(dataset: Dataset, options: readonly string[], name: string): Promise<{ local: string }>;
  getFileBytes(path: { local: string }): Promise<Uint8Array<ArrayBuffer>>;
  close(dataset: Dataset): Promise<void>;
}

/** GDAL is an optional package, since it is LGPL. */
export const GEODATABASE_PACKAGE = {
  name: 'gdal3.js',
  purpose: 'reading an Esri file geodatabase',
  load: initialise,
};

let loaded: Promise<Gdal> | null = null;

/**
 * Loads GDAL once.
 * @throws {TerrachipError} MISSING_DEPENDENCY that names the command to install it
 */
function loadGdal(): Promise<Gdal> {
  loaded ??= loadPackage(GEODATABASE_PACKAGE).catch((error: unknown) => {
    loaded = null;
    throw error;
  });
  return loaded;
}

async function initialise(): Promise<Gdal> {
  const entry = createRequire(import.meta.url).resolve(`${GEODATABASE_PACKAGE.name}/node.js`);
  const { default: start }: { default: (options: object) => Promise<Gdal> } = await import(entry);
  return start({
    // It puts ./ before the folder of its files: only a relative one works.
    path: relative('.', join(dirname(entry), 'dist', 'package')),
    useWorker: false,
    logHandler: () => undefined,
    errorHandler: () => undefined,
  });
}

/** GDAL has one memory for files: geodatabases are read one at a time. */
let queue: Promise<unknown> = Promise.resolve();

/**
 * Reads a layer of a `.gdb` folder.
 * @param name for messages
 * @throws {TerrachipError} MISSING_DEPENDENCY without the package, INVALID_INPUT or INVALID_OPTION
 */
export function readGeodatabase(
  path: string,
  options: ParseVectorOptions = {},
  name = path,
): Promise<VectorFeatures> {
  const task = queue.then(() => readLayer(path, options, name));
  queue = task.catch(() => undefined);
  return task;
}

async function readLayer(path: string, options: ParseVectorOptions, name: string): Promise<VectorFeatures> {
  const gdal = await loadGdal();
  const { dataset, problem } = await open(gdal, path);
  if (dataset === undefined) {
    throw invalidInput(name, `is no file geodatabase that GDAL can read (${problem})`, 'check the folder');
  }
  try {
    const layers = (dataset.info.layers ?? []).filter(({ geometryFields }) => geometryFields?.length !== 0);
    const layer = chooseLayer(
      name,
      layers.map(({ name }) => name),
      options,
    );
    // FlatGeobuf preserves float64 positions and the CRS.
    const file = await gdal.ogr2ogr(dataset, [...CONVERSION, layer], 'layer');
    const bytes = await gdal.getFileBytes(file);
    return { ...(await readFlatGeobuf(new MemorySource(bytes, name), options)), layer };
  } catch (cause) {
    if (cause instanceof TerrachipError) throw cause;
    throw invalidInput(name, `cannot be read by GDAL (${describe(cause)})`, 'check the layer', cause);
  } finally {
    await gdal.close(dataset);
  }
}

const CONVERSION = ['-f', 'FlatGeobuf', '-nlt', 'CONVERT_TO_LINEAR', '-lco', 'SPATIAL_INDEX=NO'];

async function open(gdal: Gdal, path: string): Promise<{ dataset?: Dataset; problem: string }> {
  try {
    const { datasets, errors } = await gdal.open(path);
    const [dataset] = datasets;
    return dataset === undefined ? { problem: describe(errors) } : { dataset, problem: '' };
  } catch (cause) {
    return { problem: describe(cause) };
  }
}

/** GDAL's errors are objects with a message, or lists of these. */
function describe(cause: unknown): string {
  if (Array.isArray(cause)) return cause.map(describe).join(', ');
  if (typeof cause === 'object' && cause !== null && 'message' in cause) return String(cause.message);
  return messageOf(cause);
}

/** Reads many files at a time; some may be unreadable. */
import { internalError, invalidInput, isError, messageOf } from '../../errors.js';
import { mapConcurrently } from '../../io/semaphore.js';
import { counted, type OperationOptions, reportPlan } from '../../progress.js';
import { GeoCatalog } from '../geo-catalog.js';
import type { NameParts, NameReader } from '../name-pattern.js';
import type { CatalogRow } from '../row.js';
import { fileName } from './group-items.js';

/** A file that is not in the catalog, and why. */
export interface UnreadableFile {
  readonly path: string;
  readonly error: Error;
}

/** A catalog, and the files that are not in it. */
export interface BuiltCatalog {
  readonly catalog: GeoCatalog;
  /** In the order of the files. */
  readonly unreadable: readonly UnreadableFile[];
  /** Files whose names the `filenameRegex` does not match. */
  readonly unmatched: readonly string[];
}

/** Options of all builders of catalogs. */
export interface BuildOptions extends OperationOptions {
  /** The name of the collection that the rows belong to. Default: none. */
  collection?: string;
  /** Files that are open at a time (default 16). Requests to one server are limited too. */
  concurrency?: number;
  /** `report` (default) leaves out and lists unreadable files; `throw` stops at the first. */
  onUnreadable?: 'report' | 'throw';
}

/**
 * Runs `read` on each path.
 * @throws {TerrachipError} INVALID_INPUT if none can be read
 */
export async function readEach<T>(
  paths: readonly string[],
  options: BuildOptions,
  read: (path: string) => Promise<T>,
): Promise<{ found: { path: string; value: T }[]; unreadable: UnreadableFile[] }> {
  const { concurrency = 16, onUnreadable = 'report', signal, onProgress } = options;
  let done = 0;
  const reads = `the headers of ${counted(paths.length, 'file')}, ${concurrency} at a time`;
  reportPlan(options, 'catalog', { reads, writes: 'a row for each, or for several' });
  const results = await mapConcurrently(
    paths,
    concurrency,
    async (path): Promise<{ path: string; value: T } | UnreadableFile> => {
      try {
        return { path, value: await read(path) };
      } catch (cause) {
        if (signal?.aborted === true || onUnreadable === 'throw') throw cause;
        const error = isError(cause) ? cause : new Error(messageOf(cause));
        onProgress?.({ type: 'warning', message: `left out: ${error.message}` });
        return { path, error };
      } finally {
        done++;
        onProgress?.({ type: 'progress', stage: 'catalog', done, total: paths.length, unit: 'files' });
      }
    },
    signal,
  );
  const found = results.filter((result) => 'value' in result);
  const unreadable = results.filter((result) => 'error' in result);
  const [first] = unreadable;
  if (found.length === 0 && first !== undefined) {
    throw invalidInput(
      `none of the ${paths.length} files`,
      `can be read (the first: ${first.error.message})`,
      'check the paths',
      first.error,
    );
  }
  return { found, unreadable };
}

/**
 * Runs `read` on each path whose name matches a pattern. A name with an invalid date matches: the error is
 * reported when the file is read.
 * @throws {TerrachipError} INVALID_INPUT if no name matches, or no file can be read
 */
export async function readNamed<T>(
  paths: readonly string[],
  readName: NameReader,
  options: BuildOptions,
  read: (path: string, parts: NameParts) => Promise<T>,
): Promise<{ values: T[]; unreadable: UnreadableFile[]; unmatched: string[] }> {
  const matched: string[] = [];
  const unmatched: string[] = [];
  for (const path of paths) (matches(readName, path) ? matched : unmatched).push(path);
  if (matched.length === 0) {
    throw invalidInput(
      `the names of the ${paths.length} files`,
      'are not matched by `filenameRegex`',
      `correct it; the first name is ${fileName(paths[0] ?? '')}`,
    );
  }
  const { found, unreadable } = await readEach(matched, options, async (path) => {
    const parts = readName(fileName(path));
    if (parts === null) throw internalError('readNamed', `${path} matched before`);
    return read(path, parts);
  });
  return { values: found.map(({ value }) => value), unreadable, unmatched };
}

function matches(readName: NameReader, path: string): boolean {
  try {
    return readName(fileName(path)) !== null;
  } catch {
    return true;
  }
}

/** Rows as a catalog, in one collection if it has a name. */
export function builtCatalog(
  rows: readonly CatalogRow[],
  { collection }: BuildOptions,
  unreadable: readonly UnreadableFile[],
  unmatched: readonly string[] = [],
): BuiltCatalog {
  const named = collection === undefined ? rows : rows.map((row) => ({ ...row, collection }));
  return { catalog: GeoCatalog.from(named), unreadable, unmatched };
}

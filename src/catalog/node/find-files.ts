/** Paths, patterns, folders and URLs as a list of files. */
import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidInput, TerrachipError, tooLarge } from '../../errors.js';
import { cannotOpen, localPath } from '../../io/node/file.js';
import { isUrl } from '../../io/open-url.js';
import { foreignAddress } from '../../io/schemes.js';

/** A catalog of more files is built in parts. */
const MAX_FILES = 5_000_000;

/** Folders inside folders. */
const MAX_DEPTH = 32;

interface FindOptions {
  /** Which files of a folder are used. */
  readonly wanted: RegExp;
  /** Which folders are themselves files (a `.zarr` store, a `.gdb`). */
  readonly isStore: RegExp;
  readonly signal?: AbortSignal | undefined;
}

interface Search extends FindOptions {
  add(path: string): void;
}

/**
 * The files that inputs name, each once, sorted by code units. A pattern
 * takes `*`, `?`, `**`, `[abc]` and `{a,b}`; a path that exists is taken as it is.
 * @throws {TerrachipError} INVALID_INPUT for no inputs; NOT_FOUND for an input that names no file; TOO_LARGE above five million
 */
export async function findFiles(input: string | readonly string[], options: FindOptions): Promise<string[]> {
  const inputs = typeof input === 'string' ? [input] : input;
  if (inputs.length === 0) throw invalidInput('the list of files', 'is empty', 'name at least one');
  const found = new Set<string>();
  let named = 0;
  const add = (path: string): void => {
    named++;
    found.add(path);
    if (found.size > MAX_FILES) {
      throw tooLarge(`there are more than ${MAX_FILES} files`, 'build several catalogs and unite them', {
        size: found.size,
        limit: MAX_FILES,
      });
    }
  };
  for (const input of inputs) {
    named = 0;
    if (isUrl(input)) add(input);
    else await findLocal(localPath(input), { ...options, add });
    // Files that another input names too are files.
    if (named === 0) {
      const foreign = foreignAddress(input);
      if (foreign !== null) throw foreign;
      const isThere = (await stat(withoutFragment(input)).catch(() => null)) !== null;
      throw new TerrachipError(
        'NOT_FOUND',
        isThere ? `${input} holds no file of that kind` : `${input} does not exist and matches no file`,
        'check the path',
        { source: input },
      );
    }
  }
  return [...found].sort();
}

async function findLocal(input: string, search: Search): Promise<void> {
  const there = await stat(withoutFragment(input)).catch(() => null);
  if (there === null) {
    if (/[*?[{]/.test(input)) await findMatches(input, search);
    return;
  }
  const isFolder = there.isDirectory() && !search.isStore.test(withoutFragment(input));
  if (!isFolder) search.add(input);
  else await walk(input, 0, search);
}

/** `store.zarr#variable` is in `store.zarr`. */
function withoutFragment(path: string): string {
  const [, place = path] = /^(.*\.(?:zarr|nc|nc4|h5|hdf5?|he5|zip)\/?)#[^#]*$/i.exec(path) ?? [];
  return place;
}

async function findMatches(pattern: string, search: Search): Promise<void> {
  const fixed = pattern.slice(0, pattern.search(/[*?[{]/));
  const root = fixed.includes('/') ? fixed.slice(0, fixed.lastIndexOf('/') + 1) : '';
  const isDeep = pattern.includes('**');
  const depth = isDeep ? MAX_DEPTH : pattern.slice(root.length).split('/').length - 1;
  const folder = await stat(root === '' ? '.' : root).catch(() => null);
  if (folder?.isDirectory() !== true) return;
  await walk(root, MAX_DEPTH - depth, { ...search, wanted: globExpression(pattern) });
}

async function walk(folder: string, depth: number, search: Search): Promise<void> {
  search.signal?.throwIfAborted();
  let entries: Dirent[];
  try {
    entries = await readdir(folder === '' ? '.' : folder, { withFileTypes: true });
  } catch (cause) {
    throw cannotOpen(folder, cause);
  }
  for (const entry of entries) {
    const path = folder === '' || folder.endsWith('/') ? `${folder}${entry.name}` : join(folder, entry.name);
    const isStore = search.isStore.test(entry.name);
    // Links to files are followed, links to folders are not: they may lead back.
    const isFile =
      entry.isFile() || (entry.isSymbolicLink() && (await stat(path).catch(() => null))?.isFile());
    if (isFile === true || isStore) {
      if (search.wanted.test(path)) search.add(path);
    } else if (entry.isDirectory() && depth < MAX_DEPTH) {
      await walk(path, depth + 1, search);
    }
  }
}

/** The regular expression of a pattern of shells. */
export function globExpression(pattern: string): RegExp {
  let braces = 0;
  const source = pattern.replace(
    /\*\*\/|\*\*|\*|\?|\[(!?)([^\]/]+)\]|[{},]|[\s\S]/g,
    (piece, negated: string | undefined, set: string | undefined) => {
      if (piece === '**/') return '(?:[^/]+/)*';
      if (piece === '**') return '.*';
      if (piece === '*') return '[^/]*';
      if (piece === '?') return '[^/]';
      if (set !== undefined) return `[${negated === '!' ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`;
      if (piece === '{') {
        braces++;
        return '(?:';
      }
      if (piece === '}' && braces > 0) {
        braces--;
        return ')';
      }
      if (piece === ',' && braces > 0) return '|';
      return piece.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
    },
  );
  return new RegExp(`^${source}${')'.repeat(braces)}$`, 's');
}

import { opendir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { invalidInput, TerrachipError } from '../../errors.js';
import { checkKey, openZip } from '../../io/index.js';
import { cannotOpen, isUrl, openSource } from '../../io/node/index.js';
import type { ProductTree } from '../products/tree.js';

/** A product of Sentinel-2 has about 150 files, four folders deep. */
const MAX_FILES = 20_000;
const MAX_DEPTH = 8;

/** A directory of so many entries. */
const MAX_ZIP_DIRECTORY_BYTES = 16 * 2 ** 20;

/** A folder as a product; links are not followed. @throws {TerrachipError} NOT_FOUND, or TOO_LARGE for no product */
export async function folderTree(path: string): Promise<ProductTree> {
  const root = resolve(path);
  const files: string[] = [];
  const visit = async (folder: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH) throw tooMany(path);
    for await (const entry of await opendir(folder)) {
      const at = join(folder, entry.name);
      if (entry.isDirectory()) await visit(at, depth + 1);
      else if (entry.isFile()) files.push(relative(root, at).split(sep).join('/'));
      if (files.length > MAX_FILES) throw tooMany(path);
    }
  };
  try {
    await visit(root, 0);
  } catch (cause) {
    throw cause instanceof TerrachipError ? cause : cannotOpen(path, cause);
  }
  files.sort();
  return {
    name: basename(root),
    path,
    files,
    href: (file) => join(root, file),
    async read(file, maxBytes, signal) {
      const at = join(root, file);
      const { size } = await stat(at);
      if (size > maxBytes) throw tooLarge(at, size, maxBytes);
      return readFile(at, signal === undefined ? {} : { signal });
    },
    close: async () => undefined,
  };
}

/** A zip file as a product: what lies in its one folder, or at its top. */
export async function zipTree(path: string, signal?: AbortSignal): Promise<ProductTree> {
  const source = await openSource(path, signal === undefined ? {} : { signal });
  try {
    const archive = await openZip(source, { maxDirectoryBytes: MAX_ZIP_DIRECTORY_BYTES });
    const keys = [...archive.entries.keys()].sort();
    for (const key of keys) checkKey(source.name, key);
    const top = /^([^/]+\.SAFE)\//.exec(keys.find((key) => key.includes('.SAFE/')) ?? '')?.[1];
    const prefix = top === undefined ? '' : `${top}/`;
    const inside = keys.filter((key) => key.startsWith(prefix));
    const place = isUrl(path) ? path : resolve(path);
    return {
      name: top ?? basename(path),
      path,
      files: inside.map((key) => key.slice(prefix.length)),
      href: (file) => `${place}#${prefix}${file}`,
      async read(file, maxBytes) {
        const size = archive.entries.get(prefix + file)?.size ?? 0;
        if (size > maxBytes) throw tooLarge(`${path}#${prefix}${file}`, size, maxBytes);
        return archive.read(prefix + file, 0, size);
      },
      close: () => source.close(),
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

function tooMany(path: string): TerrachipError {
  return invalidInput(
    path,
    `has more than ${MAX_FILES} files, or folders deeper than ${MAX_DEPTH}, as no product has`,
    'give the folder of one product',
  );
}

function tooLarge(name: string, size: number, limit: number): TerrachipError {
  return new TerrachipError(
    'TOO_LARGE',
    `${name} has ${size} bytes, above the limit of ${limit} for metadata`,
    'check that it is the right file',
    { size, limit },
  );
}

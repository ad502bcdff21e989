import { opendir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { invalidInput, TerrachipError, tooLarge } from '../../errors.js';
import { checkKey } from '../../io/key.js';
import { cannotOpen } from '../../io/node/file.js';
import { openSource } from '../../io/node/index.js';
import { isUrl } from '../../io/open-url.js';
import { openZip } from '../../io/zip.js';
import { orDispose } from '../../resource.js';
import type { ProductTree } from '../products/description.js';

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
      if (size > maxBytes) throw tooManyBytes(at, size, maxBytes);
      return readFile(at, { signal });
    },
    dispose: async () => undefined,
  };
}

/** One folder of a tree, given with a `/` at its end, as a product; empty for all of it. */
export function subTree(tree: ProductTree, folder: string): ProductTree {
  if (folder === '') return tree;
  return {
    ...tree,
    name: basename(folder),
    files: tree.files.flatMap((file) => (file.startsWith(folder) ? [file.slice(folder.length)] : [])),
    href: (file) => tree.href(folder + file),
    read: (file, maxBytes, signal) => tree.read(folder + file, maxBytes, signal),
  };
}

/** A zip file as a product. */
export async function zipTree(path: string, signal?: AbortSignal): Promise<ProductTree> {
  const source = await openSource(path, { signal });
  return orDispose(source, async () => {
    const archive = await openZip(source, { maxDirectoryBytes: MAX_ZIP_DIRECTORY_BYTES });
    const keys = [...archive.entries.keys()].sort();
    for (const key of keys) checkKey(source.name, key);
    const place = isUrl(path) ? path : resolve(path);
    return {
      name: basename(path),
      path,
      files: keys,
      href: (file) => `${place}#${file}`,
      async read(file, maxBytes) {
        const size = archive.entries.get(file)?.size ?? 0;
        if (size > maxBytes) throw tooManyBytes(`${path}#${file}`, size, maxBytes);
        return archive.read(file, 0, size);
      },
      dispose: () => source.dispose(),
    };
  });
}

function tooMany(path: string): TerrachipError {
  return invalidInput(
    path,
    `has more than ${MAX_FILES} files, or folders deeper than ${MAX_DEPTH}, as no product has`,
    'give the folder of one product',
  );
}

function tooManyBytes(name: string, size: number, limit: number): TerrachipError {
  return tooLarge(
    `${name} has ${size} bytes, above the limit of ${limit} for metadata`,
    'check that it is the right file',
    { size, limit },
  );
}

/** Groups files into items, and names the items. */
import { basename, dirname } from 'node:path';
import { isUrl, pathOf } from '../../io/open-url.js';
import { groupBy } from '../group-by.js';

/** What grouping needs of a file. */
export interface NamedFile {
  readonly path: string;
  readonly stem: string;
  readonly band: string | null;
}

/** The last part of a path or of a URL's path. */
export function fileName(path: string): string {
  const name = basename(pathOf(path).replace(/\/+$/, ''));
  try {
    return isUrl(path) ? basename(decodeURIComponent(name)) : name;
  } catch {
    // A percent sign that is no escape.
    return name;
  }
}

/**
 * Groups the files of each item: those with equal names without the band, in one folder or in several, as long as each
 * band occurs once. If files of different items share a name, ids begin with folders.
 */
export function groupItems<T extends NamedFile>(files: readonly T[]): { id: string; files: T[] }[] {
  const items: { id: string; files: T[] }[] = [];
  for (const [stem, members] of groupBy(files, ({ stem }) => stem)) {
    if (isOneItem(members)) {
      items.push({ id: stem, files: members });
      continue;
    }
    const byFolder = groupBy(members, ({ path }) => folderOf(path));
    const labels = distinctEndings([...byFolder.keys()]);
    for (const [folder, inFolder] of byFolder) {
      const prefix = labels.get(folder);
      const id = prefix ? `${prefix}/${stem}` : stem;
      if (isOneItem(inFolder)) items.push({ id, files: inFolder });
      else for (const file of inFolder) items.push({ id: `${id}:${fileName(file.path)}`, files: [file] });
    }
  }
  return items;
}

function isOneItem(files: readonly NamedFile[]): boolean {
  const bands = new Set(files.map(({ band }) => band));
  return files.length === 1 || (bands.size === files.length && !bands.has(null));
}

function folderOf(path: string): string {
  if (!isUrl(path)) return dirname(path);
  const { host, pathname } = new URL(path);
  return `${host}${dirname(pathname)}`;
}

/** The shortest endings of some folders, in whole names, that are all different. */
function distinctEndings(folders: readonly string[]): Map<string, string> {
  const parts = folders.map((folder) => folder.split('/').filter((part) => part !== '' && part !== '.'));
  const longest = parts.reduce((most, { length }) => Math.max(most, length), 0);
  for (let count = folders.length > 1 ? 1 : 0; count < longest; count++) {
    const endings = parts.map((each) => each.slice(Math.max(0, each.length - count)).join('/'));
    if (new Set(endings).size === folders.length) return new Map(folders.map((f, k) => [f, endings[k]]));
  }
  return new Map(folders.map((folder, k) => [folder, parts[k].join('/')]));
}

/** Addresses in catalogs and STAC documents, and which of them are trusted. */
import { invalidInput } from '../../errors.js';
import { mayName } from '../../io/nearness.js';
import { mapValues } from '../../json.js';
import type { CatalogRow } from '../row.js';

/** A scheme of two letters or more: one is a drive of Windows. */
const SCHEME = /^[a-z][a-z\d+.-]+:/i;

/** A path of this machine that does not depend on a folder. */
const LOCAL = /^(file:|[\\/]|[a-z]:)/i;

/** Which addresses in a document are trusted. */
export interface HrefOptions {
  /**
   * Whether documents from a server may name local files, and addresses of this machine and its network that are nearer than
   * the server (default false).
   */
  allowLocal?: boolean;
}

/** Whether an address needs no base. */
export function isAbsolute(href: string): boolean {
  return SCHEME.test(href) || href.startsWith('/') || /^[a-z]:[\\/]/i.test(href);
}

function isRemote(place: string | null): place is string {
  return place !== null && SCHEME.test(place) && !/^file:/i.test(place);
}

/**
 * Resolves an address in a document against the document's own address.
 * @param base a URL or a path; null where it is not known, and relative addresses stay as they are
 * @param name the document, for messages
 * @throws {TerrachipError} INVALID_INPUT for a document from a server that names a file of this machine, or an address
 * that only this machine or its network can ask
 */
export function trustedHref(href: string, base: string | null, name: string, options: HrefOptions): string {
  return trusted(resolve(href, base, name), base, name, options);
}

function resolve(href: string, base: string | null, name: string): string {
  if (base === null || SCHEME.test(href)) return href;
  if (!SCHEME.test(base)) return isAbsolute(href) ? href : relativePath(base, href);
  try {
    return new URL(href, base).href;
  } catch (cause) {
    throw invalidInput(name, `has the invalid address "${href}"`, 'correct it', cause);
  }
}

/** @param origin where the document came from @returns the address, if it may be used */
function trusted(href: string, origin: string | null, name: string, options: HrefOptions): string {
  if (options.allowLocal || !isRemote(origin)) return href;
  const remedy = 'do not trust it, read it from a file, or give `allowLocal`';
  if (LOCAL.test(href))
    throw invalidInput(name, `comes from a server but names the file ${href} of this machine`, remedy);
  const url = URL.canParse(href) ? new URL(href) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return href;
  // Buckets are on the public network.
  const from = /^https?:/i.test(origin) ? new URL(origin) : new URL('https://public.invalid.example');
  if (mayName(from, url)) return href;
  throw invalidInput(
    name,
    `comes from a server but names ${url.host}, which only this machine or its network can ask`,
    remedy,
  );
}

/**
 * A row of a catalog's file; if that file is on a server, relative addresses are resolved against it.
 * @param place the path or URL of the catalog
 * @throws {TerrachipError} INVALID_INPUT for a row from a server that names what only this machine can read
 */
export function rowFrom(row: CatalogRow, place: string, options: HrefOptions = {}): CatalogRow {
  if (!isRemote(place)) return row;
  const name = `${place}: row "${row.id}"`;
  const beside = (href: string): string => {
    if (href === '') return href;
    // Catalogs hold the paths of the machine that built them.
    return trusted(LOCAL.test(href) ? href : resolve(href, place, name), place, name, options);
  };
  const assets = mapValues(row.assets, (asset) => ({ ...asset, href: beside(asset.href) }));
  return { ...row, href: beside(row.href), assets };
}

/** A path relative to the folder of another one. */
function relativePath(base: string, href: string): string {
  const segments = base.split('/').slice(0, -1);
  for (const segment of href.split('/')) {
    if (segment === '.' || segment === '') continue;
    const last = segments.at(-1);
    if (segment === '..' && last !== undefined && last !== '..' && last !== '') segments.pop();
    else segments.push(segment);
  }
  return segments.join('/');
}

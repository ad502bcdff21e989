/** Selects assets of items, and prepares items for storage. */
import { invalidInput } from '../../errors.js';
import type { TimeInterval } from '../../geo/index.js';
import { withoutSignature } from '../../io/signature.js';
import { mapValues } from '../../json.js';
import { intervalOf, type TimeLike } from '../times.js';
import { type HrefOptions, trustedHref } from './href.js';
import { itemInterval } from './item.js';
import type { ItemDocument } from './search.js';

/** Which assets are selected. All conditions must hold. */
export interface AssetSelection {
  /** Names of assets. */
  readonly assets?: readonly string[];
  /** Roles, of which an asset has at least one. */
  readonly roles?: readonly string[];
  /** The time of an asset, by its own `datetime` or range, else by that of its item. */
  readonly assetDatetime?: TimeLike;
}

type Members = Readonly<Record<string, unknown>>;

/**
 * An item with the selected assets; null without any.
 * @throws {TerrachipError} INVALID_INPUT for invalid assets, or an invalid time
 */
export function selectAssets(item: ItemDocument, selection: AssetSelection): ItemDocument | null {
  const { assets, roles, assetDatetime } = selection;
  if (assets === undefined && roles === undefined && assetDatetime === undefined) return item;
  const wanted = assetDatetime === undefined ? null : intervalOf(assetDatetime);
  const where = `item "${item.id}"`;
  const kept = Object.entries(membersOf(item.assets, where)).filter(([name, value]) => {
    const asset = membersOf(value, `${where}: asset "${name}"`);
    const own = Array.isArray(asset.roles) ? asset.roles : [];
    return (
      (assets?.includes(name) ?? true) &&
      (roles?.some((role) => own.includes(role)) ?? true) &&
      (wanted?.intersects(timeOf(asset, item, where)) ?? true)
    );
  });
  return kept.length === 0 ? null : { ...item, assets: Object.fromEntries(kept) };
}

function membersOf(value: unknown, where: string): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members;
  throw invalidInput(where, 'has assets that are no objects', 'correct it');
}

function timeOf(asset: Members, item: ItemDocument, where: string): TimeInterval {
  const hasOwn = ['datetime', 'start_datetime', 'end_datetime'].some(
    (name) => typeof asset[name] === 'string',
  );
  return itemInterval(hasOwn ? asset : membersOf(item.properties, where), where);
}

/**
 * An item as it is stored with others: with whole addresses of its assets, without signatures, and with a single link, to
 * the document that it was read from.
 * @param href the address of that document
 * @throws {TerrachipError} INVALID_INPUT for invalid assets, or addresses that may not be used
 */
export function storableItem(
  item: ItemDocument,
  href: string,
  inList: boolean,
  options: HrefOptions = {},
): ItemDocument {
  const where = `item "${item.id}"`;
  const links = Array.isArray(item.links) ? item.links : [];
  const named: unknown = links.find((link) => link?.rel === 'self' && typeof link.href === 'string')?.href;
  const self = inList && typeof named === 'string' ? trustedHref(named, href, where, options) : href;
  const assets = mapValues(membersOf(item.assets ?? {}, where), (value, name) => {
    const asset = membersOf(value, `${where}: asset "${name}"`);
    return typeof asset.href === 'string'
      ? { ...asset, href: trustedHref(asset.href, self, where, options) }
      : asset;
  });
  return withoutSignatures({
    ...item,
    assets,
    links: [{ rel: 'self', type: 'application/geo+json', href: self }],
  });
}

/** A document in which no address carries a signature, at any depth: nothing named `href`, and no text that is a URL. */
export function withoutSignatures<T>(document: T): T {
  return unsigned(document, '') as T;
}

function unsigned(value: unknown, name: string): unknown {
  if (typeof value === 'string') {
    return name === 'href' || /^[a-z][a-z\d+.-]+:\/\/\S+$/i.test(value) ? withoutSignature(value) : value;
  }
  if (Array.isArray(value)) return value.map((member) => unsigned(member, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unsigned(member, key)]));
}

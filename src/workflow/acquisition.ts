/** Acquisition manifests: the items of an event by phase, in the format of the published flood notebooks. */
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import type { Bounds } from '../geo/index.js';
import { readJson } from '../io/node/json.js';
import { isUrl } from '../io/open-url.js';
import { withoutSignature } from '../io/signature.js';
import { memberOf } from '../json/keys.js';
import { dictionary, isMembers, mapValues, validateStrictly } from '../json.js';
import type { Units } from '../raster/node/index.js';
import { UNITS } from '../raster/units.js';
import { resolveHref } from './scene.js';

const Name = v.pipe(v.string(), v.minLength(1, 'must not be empty'), v.maxLength(128));
/** A modality or phase, whose name becomes part of names of files. */
const FileWord = v.pipe(
  Name,
  v.regex(/^[^/\\:*?"<>|.][^/\\:*?"<>|]*$/, 'must not begin with "." or hold any of / \\ : * ? " < > |'),
);
const Finite = v.pipe(v.number(), v.finite('must be a finite number'));
/** A file by its address. */
export const AssetSchema = v.object({ href: v.pipe(v.string(), v.minLength(1, 'must name a file or URL')) });
const ItemUnits = v.picklist(UNITS, `must be one of ${UNITS.join(', ')}`);

/** An item of a manifest. */
export const AcquisitionItemSchema = v.object({
  collection: Name,
  id: Name,
  datetime: v.optional(v.string()),
  days_from_phase: v.optional(Finite),
  aoi_overlap_frac: v.optional(Finite),
  orbit_state: v.optional(v.nullable(v.string())),
  relative_orbit: v.optional(v.nullable(Finite)),
  'eo:cloud_cover': v.optional(v.nullable(Finite)),
  /** Cloud cover of the event's area in per cent, and what it was measured from. */
  cloud_over_area: v.optional(v.nullable(Finite)),
  cloud_source: v.optional(v.picklist(['scl', 'tile'], 'must be scl or tile')),
  /** Whether the item's date or orbit differs from the first item's, so that it only fills gaps. */
  fills_gaps: v.optional(v.boolean()),
  /** The units of the item's values, where its collection does not settle them. */
  units: v.optional(ItemUnits),
  /** The item's files by asset key: paths relative to the manifest, or URLs. */
  assets: v.optional(dictionary(Name, AssetSchema)),
});

/** Items of one modality in one phase, first to last: each pixel is from the first item with data. */
export const SelectedItemsSchema = v.pipe(
  v.array(AcquisitionItemSchema),
  v.minLength(1, 'must name at least one item'),
);

const SelectionSchema = v.object({
  /** Whether the choice is that of the published notebook. */
  like_seed: v.optional(v.boolean(), false),
  /** The catalog that each modality is from. */
  catalogs: v.optional(dictionary(Name, v.string()), {}),
  /** Modalities without an item, by phase. */
  missing: v.optional(dictionary(Name, v.array(Name)), {}),
  warnings: v.optional(v.array(v.string()), []),
});

/** The document of a manifest. */
export const AcquisitionSchema = v.object({
  schemaVersion: v.optional(v.literal(1), 1),
  event: v.object({
    name: Name,
    /** `[west, south, east, north]` in degrees. */
    bbox: v.tuple([Finite, Finite, Finite, Finite]),
    target_crs: v.optional(v.string(), 'EPSG:32632'),
    phase_dates: dictionary(Name, v.string()),
  }),
  phase_order: v.pipe(v.array(FileWord), v.minLength(1, 'must name at least one phase')),
  collections: v.optional(dictionary(Name, Name), {}),
  /** Asset keys of each modality, in the order of its bands. */
  assets: dictionary(FileWord, v.pipe(v.array(Name), v.minLength(1, 'must name at least one asset'))),
  /** Units of a modality's values, where the collection does not imply them. */
  units: v.optional(dictionary(Name, ItemUnits), {}),
  /** A list of items per modality; in a file, a single item may replace a list of one. */
  selected: dictionary(Name, dictionary(Name, SelectedItemsSchema)),
  dem_items: v.array(AcquisitionItemSchema),
  /** How the items were chosen. */
  selection: v.optional(SelectionSchema),
  /** Polygons of the flood, for the label. */
  label: v.optional(AssetSchema),
});

export type AcquisitionDocument = v.InferOutput<typeof AcquisitionSchema>;
export type AcquisitionItem = v.InferOutput<typeof AcquisitionItemSchema>;

/** An acquisition manifest and its path. */
export interface Acquisition {
  readonly path: string;
  readonly document: AcquisitionDocument;
}

/** The modality whose items are tiles without a phase. */
export const STATIC_MODALITY = 'DEM';

/** Models' band names by the asset keys of STAC catalogs. */
const BAND_NAMES: Readonly<Record<string, string>> = { vv: 'VV', vh: 'VH', data: 'DEM' };

/** The band that an asset holds, by the name that models use. */
export function bandName(assetKey: string): string {
  return memberOf(BAND_NAMES, assetKey) ?? assetKey;
}

/** Units that a collection always has. Sentinel-2's depend on the processing baseline and must be declared. */
const COLLECTION_UNITS: Readonly<Record<string, Units>> = {
  'sentinel-1-rtc': 'linear_power',
  'cop-dem-glo-30': 'm',
  'cop-dem-glo-90': 'm',
};

/** @throws {TerrachipError} NOT_FOUND or INVALID_INPUT */
export async function readAcquisition(path: string): Promise<Acquisition> {
  return parseAcquisition(await readJson(path), isUrl(path) ? withoutSignature(path) : path);
}

/** Checks the document of a manifest. @throws {TerrachipError} INVALID_INPUT */
export function parseAcquisition(written: unknown, path: string): Acquisition {
  const document = validateStrictly(AcquisitionSchema, withLists(written), path);
  for (const phase of document.phase_order) {
    if (document.selected[phase] === undefined) {
      const remedy = 'add it to selected, or leave out the phase';
      throw invalidInput(path, `selects nothing for the phase ${phase}`, remedy);
    }
  }
  if (document.assets[STATIC_MODALITY] !== undefined && document.dem_items.length === 0) {
    const remedy = `list the elevation tiles, or leave ${STATIC_MODALITY} out of assets`;
    throw invalidInput(path, 'has no dem_items', remedy);
  }
  return { path, document };
}

/** The document with a list of items where it has one item. */
function withLists(document: unknown): unknown {
  if (!isMembers(document) || !isMembers(document.selected)) return document;
  const listed = (item: unknown): unknown => (isMembers(item) ? [item] : item);
  const selected = mapValues(document.selected, (phase) =>
    isMembers(phase) ? mapValues(phase, listed) : phase,
  );
  return { ...document, selected };
}

/** A manifest as the notebooks write it: without a list where one item is selected. */
export function writtenAcquisition(document: AcquisitionDocument): object {
  const selected = mapValues(document.selected, (phase) =>
    mapValues(phase, (items) => (items.length === 1 ? items[0] : items)),
  );
  return { ...document, selected };
}

/** The path or URL of an asset. @throws {TerrachipError} INVALID_INPUT when the item has no such asset */
export function assetHref(manifest: Acquisition, item: AcquisitionItem, key: string): string {
  const href = item.assets?.[key]?.href;
  if (href === undefined) {
    const remedy = `add assets: {"${key}": {"href": …}} to the item`;
    throw invalidInput(manifest.path, `has no href for ${key} of the item ${item.id}`, remedy);
  }
  return resolveHref(manifest, href);
}

/**
 * The units of an item's values: its own, or those of its modality.
 * @throws {TerrachipError} INVALID_INPUT when they are unknown
 */
export function acquisitionUnits(manifest: Acquisition, modality: string, item: AcquisitionItem): Units {
  const { document, path } = manifest;
  const collection = document.collections[modality] ?? item.collection;
  const units = item.units ?? document.units[modality] ?? memberOf(COLLECTION_UNITS, collection);
  if (units !== undefined) return units;
  const remedy = `add units: {"${modality}": …} with one of ${UNITS.join(', ')}`;
  throw invalidInput(path, `has no units for ${modality}`, remedy);
}

/** Whether a manifest says that a modality has no item in a phase. */
export function isMissing({ document }: Acquisition, phase: string, modality: string): boolean {
  return document.selection?.missing[phase]?.includes(modality) ?? false;
}

/**
 * Checks a box in degrees.
 * @throws {TerrachipError} INVALID_INPUT for one that is reversed, empty, or not in degrees
 */
export function requireLonLatBox(path: string, bbox: Bounds): void {
  const [west, south, east, north] = bbox;
  const isWithin =
    Math.abs(west) <= 180 && Math.abs(east) <= 180 && Math.abs(south) <= 90 && Math.abs(north) <= 90;
  // A box across the antimeridian has its west east of its east; one that goes round most of the Earth is reversed.
  const isOrdered = south < north && west !== east && (west < east || east + 360 - west < 180);
  if (isWithin && isOrdered) return;
  throw invalidInput(
    path,
    `has the bbox [${bbox.join(', ')}], which is ${isWithin ? 'reversed or empty' : 'not in degrees'}`,
    'write it as west, south, east, north in degrees',
  );
}

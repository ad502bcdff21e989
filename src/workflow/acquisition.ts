/** Acquisition manifests: the items of an event by phase, in the format of the published flood notebooks. */
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import { readJson } from '../io/node/json.js';
import { memberOf } from '../json/keys.js';
import { dictionary, validateStrictly } from '../json.js';
import type { Units } from '../raster/node/index.js';
import { UNITS } from '../raster/units.js';
import { resolveHref } from './scene.js';

const Name = v.pipe(v.string(), v.minLength(1, 'must not be empty'), v.maxLength(128));
const Finite = v.pipe(v.number(), v.finite('must be a finite number'));
const AssetSchema = v.object({ href: v.pipe(v.string(), v.minLength(1, 'must name a file or URL')) });

const ItemSchema = v.object({
  collection: Name,
  id: Name,
  datetime: v.optional(v.string()),
  days_from_phase: v.optional(Finite),
  aoi_overlap_frac: v.optional(Finite),
  orbit_state: v.optional(v.nullable(v.string())),
  relative_orbit: v.optional(v.nullable(Finite)),
  'eo:cloud_cover': v.optional(v.nullable(Finite)),
  /** The item's files by asset key: paths relative to the manifest, or URLs. */
  assets: v.optional(dictionary(Name, AssetSchema)),
});

/** @internal for the schemas of documents */
export const AcquisitionSchema = v.object({
  event: v.object({
    name: Name,
    /** `[west, south, east, north]` in degrees. */
    bbox: v.tuple([Finite, Finite, Finite, Finite]),
    target_crs: v.optional(v.string(), 'EPSG:32632'),
    phase_dates: dictionary(Name, v.string()),
  }),
  phase_order: v.pipe(v.array(Name), v.minLength(1, 'must name at least one phase')),
  collections: v.optional(dictionary(Name, Name), {}),
  /** Asset keys of each modality, in the order of its bands. */
  assets: dictionary(Name, v.pipe(v.array(Name), v.minLength(1, 'must name at least one asset'))),
  /** Units of a modality's values, where the collection does not imply them. */
  units: v.optional(dictionary(Name, v.picklist(UNITS, `must be one of ${UNITS.join(', ')}`)), {}),
  selected: dictionary(Name, dictionary(Name, ItemSchema)),
  dem_items: v.array(ItemSchema),
  /** Polygons of the flood, for the label. */
  label: v.optional(AssetSchema),
});

export type AcquisitionDocument = v.InferOutput<typeof AcquisitionSchema>;
export type AcquisitionItem = v.InferOutput<typeof ItemSchema>;

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
  const document = validateStrictly(AcquisitionSchema, await readJson(path), path);
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

/** The path or URL of an asset. @throws {TerrachipError} INVALID_INPUT when the item has no such asset */
export function assetHref(manifest: Acquisition, item: AcquisitionItem, key: string): string {
  const href = item.assets?.[key]?.href;
  if (href === undefined) {
    const remedy = `add assets: {"${key}": {"href": …}} to the item`;
    throw invalidInput(manifest.path, `has no href for ${key} of the item ${item.id}`, remedy);
  }
  return resolveHref(manifest, href);
}

/** The units of a modality's values. @throws {TerrachipError} INVALID_INPUT when they are unknown */
export function acquisitionUnits(manifest: Acquisition, modality: string): Units {
  const { document, path } = manifest;
  const units = document.units[modality] ?? memberOf(COLLECTION_UNITS, document.collections[modality] ?? '');
  if (units !== undefined) return units;
  const remedy = `add units: {"${modality}": …} with one of ${UNITS.join(', ')}`;
  throw invalidInput(path, `has no units for ${modality}`, remedy);
}

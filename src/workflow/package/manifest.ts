/** The images of an acquisition manifest, the grid of its event, and both as a scene. */
import { resolve } from 'node:path';
import { isCategoricalName } from '../../catalog/categories.js';
import { invalidInput } from '../../errors.js';
import { GeoBox } from '../../geo/index.js';
import { isAddress } from '../../io/schemes.js';
import { isMembers, withoutUndefined } from '../../json.js';
import { isCategorical, type Units } from '../../raster/units.js';
import {
  type Acquisition,
  type AcquisitionItem,
  acquisitionUnits,
  assetHref,
  bandName,
  isMissing,
  parseAcquisition,
  requireLonLatBox,
  STATIC_MODALITY,
} from '../acquisition.js';
import { type Mosaic, SCENE_SCHEMA_VERSION, type SceneBand, type SceneDocument } from '../scene.js';
import { eventTime } from './form.js';

/** A file of a band, and the units of its values. */
interface Tile {
  readonly href: string;
  readonly units: Units;
}

/** A band, in units of its own where it holds classes beside other bands, as the scene classification of Sentinel-2 does. */
interface PackageBand {
  readonly name: string;
  readonly units: Units;
  readonly tiles: readonly Tile[];
}

/** The bands of one modality in one phase; each band may come in several tiles. */
export interface PackageImage {
  readonly modality: string;
  /** Null for static images. */
  readonly phase: string | null;
  /** The units of all bands but those of classes, after tiles in other units are converted. */
  readonly units: Units;
  readonly bands: readonly PackageBand[];
  /** How overlapping tiles are combined: their mean, or the first with data. */
  readonly method: Mosaic;
}

/** An event's images on one grid. */
export interface EventImages {
  readonly manifest: Acquisition;
  readonly grid: GeoBox;
  readonly images: readonly PackageImage[];
}

/**
 * The images that a manifest names.
 * @throws {TerrachipError} INVALID_INPUT for a phase without an item that is not said to be missing, and for unknown
 * units or addresses
 */
export function listImages(manifest: Acquisition): PackageImage[] {
  const { document, path } = manifest;
  const image = (modality: string, phase: string | null, items: readonly AcquisitionItem[]): PackageImage => {
    const units = items.map((item) => acquisitionUnits(manifest, modality, item));
    return {
      modality,
      phase,
      units: commonUnits(units),
      bands: document.assets[modality].map((key) => {
        const own = units.map((each) => (isCategoricalName(key) && !isCategorical(each) ? 'class' : each));
        const tiles = items.map((item, k) => ({ href: assetHref(manifest, item, key), units: own[k] }));
        return { name: bandName(key), units: commonUnits(own), tiles };
      }),
      method: phase === null ? 'mean' : 'first',
    };
  };
  return Object.keys(document.assets).flatMap((modality) => {
    if (modality === STATIC_MODALITY) return [image(modality, null, document.dem_items)];
    return document.phase_order.flatMap((phase) => {
      const items = document.selected[phase][modality];
      if (items !== undefined) return [image(modality, phase, items)];
      if (isMissing(manifest, phase, modality)) return [];
      throw invalidInput(path, `selects no ${modality} for the phase ${phase}`, 'add it to selected');
    });
  });
}

/** Units that all tiles have, or can be converted to: Sentinel-2 with and without its offset becomes harmonised. */
function commonUnits(units: readonly Units[]): Units {
  return units.includes('dn_harmonised') ? 'dn_harmonised' : units[0];
}

/**
 * The grid of an event.
 * @param resolution the size of a pixel in units of the event's CRS
 * @param anchor `fit`: pixels are stretched to fit the event's box. `snap`: on whole pixels
 * @throws {TerrachipError} INVALID_INPUT for an invalid box
 */
export function eventGrid(
  { path, document: { event } }: Acquisition,
  resolution = 10,
  anchor: 'fit' | 'snap' = 'fit',
): GeoBox {
  requireLonLatBox(path, event.bbox);
  return GeoBox.fromBounds(event.bbox, event.target_crs, resolution, { anchor });
}

/**
 * The scene of an event's images.
 * @param bandOf the files of a band, and its units
 * @param resampling default: as for any scene
 */
export function eventScene(
  { manifest, grid, images }: EventImages,
  bandOf: (image: PackageImage, band: number) => SceneBand & { readonly units: Units },
  resampling?: 'nearest',
): SceneDocument {
  const { event, phase_order } = manifest.document;
  const datetime = eventTime(manifest);
  const inputs = new Map<string, SceneDocument['inputs'][string]>();
  for (const image of images) {
    const { modality, phase, method } = image;
    const bands = image.bands.map(({ name }, k) => ({ name, ...bandOf(image, k) }));
    const input = inputs.get(modality) ?? { units: bands[0].units, ...withoutUndefined({ resampling }) };
    inputs.set(modality, input);
    if (method !== 'first' && bands.some(({ tiles }) => tiles !== undefined)) input.mosaic = method;
    const named = Object.fromEntries(
      bands.map(({ name, units, ...band }) => [name, units === input.units ? band : { ...band, units }]),
    );
    if (phase === null) input.static = named;
    else input.phases = { ...input.phases, [phase]: named };
  }
  const { crs, transform, width, height } = grid.toJSON();
  return {
    schemaVersion: SCENE_SCHEMA_VERSION,
    id: event.name,
    ...(datetime === undefined ? {} : { datetime }),
    grid: { crs, transform: [...transform], width, height },
    phases: [...phase_order],
    inputs: Object.fromEntries(inputs),
  };
}

/** Whether a JSON document is an acquisition manifest. */
export function isManifest(document: unknown): boolean {
  return isMembers(document) && Object.hasOwn(document, 'dem_items');
}

/**
 * The scene of a manifest's files, on the grid that `package` puts them on by default.
 * @throws {TerrachipError} INVALID_INPUT for a damaged manifest, and as `listImages` and `eventGrid`
 */
export function manifestScene(document: unknown, path: string): SceneDocument {
  const manifest = parseAcquisition(document, path);
  const placed = (href: string): string => (isAddress(href) ? href : resolve(href));
  return eventScene({ manifest, grid: eventGrid(manifest), images: listImages(manifest) }, (image, band) => {
    const [{ href, units }, ...others] = image.bands[band].tiles;
    const tiles = others.map((tile) => ({
      href: placed(tile.href),
      ...(tile.units === units ? {} : { units: tile.units }),
    }));
    return { href: placed(href), band: 1, units, ...(tiles.length === 0 ? {} : { tiles }) };
  });
}

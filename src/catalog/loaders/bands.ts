/** Finds bands of a row by name or number, and the conversion of their units. */
import { invalidInput } from '../../errors.js';
import {
  type BandInfo,
  type Raster,
  type UnitConversion,
  type Units,
  unitConversion,
} from '../../raster/index.js';
import { isCategorical } from '../../raster/units.js';
import { isCategoricalFile, isCategoricalName, withoutResolution } from '../categories.js';
import {
  type BandValues,
  type CatalogAsset,
  type CatalogBand,
  type CatalogRow,
  mainAsset,
  rowName,
} from '../row.js';
import type { BandChoice, UnitOptions } from './options.js';

/** A band of a row with the row's metadata on it. */
export interface ChosenBand {
  readonly choice: BandChoice;
  /** The name in the result. */
  readonly name: string;
  readonly asset: CatalogAsset;
  /** Its number in the file; null if it must be found by the file's band descriptions. */
  readonly index: number | null;
  readonly band: CatalogBand | null;
  /** The row's metadata on its values, of the band or the asset. */
  readonly values: BandValues;
  readonly units: Units | undefined;
  readonly categorical: boolean;
}

/** Roles of assets that are rendered images, not data. */
const PICTURE_ROLES = ['overview', 'thumbnail', 'visual'];

/**
 * The band with a name or number, or null.
 * @throws {TerrachipError} INVALID_INPUT for a common name of several bands
 */
export function findBand(row: CatalogRow, choice: BandChoice): ChosenBand | null {
  return typeof choice === 'number' ? findNumber(row, choice) : findName(row, choice);
}

/** The band with a name or number. @throws {TerrachipError} INVALID_INPUT, with the names of the row's bands */
export function requireBand(row: CatalogRow, choice: BandChoice): ChosenBand {
  const band = findBand(row, choice);
  if (band !== null) return band;
  const names = bandNames(row);
  const remedy = names.length === 0 ? 'give its number' : `choose one of ${names.slice(0, 30).join(', ')}`;
  throw invalidInput(rowName(row), `has no band ${show(choice)}`, remedy);
}

export function show(choice: BandChoice): string {
  return typeof choice === 'number' ? String(choice) : `"${choice}"`;
}

/** The chosen band in the open file. @throws {TerrachipError} INVALID_INPUT */
export function bandInFile(raster: Raster, chosen: ChosenBand): BandInfo {
  const wanted = String(chosen.choice).toLowerCase();
  const band = raster.bands.find(({ index, description }) =>
    chosen.index === null ? description?.toLowerCase() === wanted : index === chosen.index,
  );
  if (band !== undefined) return band;
  const names = raster.bands.flatMap(({ description }) => (description === null ? [] : [description]));
  throw invalidInput(
    raster.name,
    `has no band ${chosen.index ?? show(chosen.choice)}`,
    chosen.index === null && names.length > 0
      ? `choose one of ${names.slice(0, 30).join(', ')}`
      : `choose one of 1 to ${raster.bands.length}`,
  );
}

function findNumber(row: CatalogRow, number: number): ChosenBand | null {
  const asset = mainAsset(row);
  const band = asset.bands?.find(({ index }) => index === number) ?? null;
  if (asset.bands !== undefined && band === null) return null;
  return describe(asset, keyOf(row, asset), number, band, number);
}

function findName(row: CatalogRow, name: string): ChosenBand | null {
  const assets = Object.entries(row.assets).map(([key, asset]) => ({ key, asset }));
  const wanted = name.toLowerCase();
  const ofKey =
    assets.find(({ key }) => key === name) ?? assets.find(({ key }) => key.toLowerCase() === wanted);
  if (ofKey !== undefined) {
    const { key, asset } = ofKey;
    const [band, ...others] = asset.bands ?? [];
    if (others.length === 0) return describe(asset, key, name, band ?? null, band?.index ?? 1);
  }
  // Data before rendered images; then the finest resolution.
  assets.sort((a, b) => pictures(a.asset) - pictures(b.asset) || comparePixels(a.asset, b.asset));
  const byName = (isWanted: (band: CatalogBand) => boolean): ChosenBand | null => {
    for (const { key, asset } of assets) {
      const band = asset.bands?.find(isWanted);
      if (band !== undefined) return describe(asset, key, name, band, band.index);
    }
    return null;
  };
  const band =
    byName((band) => band.name === name) ??
    findCommonName(row, name, assets) ??
    byName((band) => band.name.toLowerCase() === wanted);
  if (band !== null) return band;
  // The file may describe its bands.
  const main = mainAsset(row);
  return main.bands === undefined ? describe(main, keyOf(row, main), name, null, null) : null;
}

/**
 * The band with a common name. Copies of a band in other resolutions or in rendered images do not count as other bands.
 * @throws {TerrachipError} INVALID_INPUT if several bands have the name
 */
function findCommonName(
  row: CatalogRow,
  name: string,
  assets: readonly { key: string; asset: CatalogAsset }[],
): ChosenBand | null {
  const wanted = name.toLowerCase();
  const matches = assets.flatMap(({ key, asset }) => {
    const bands = asset.bands ?? [{ name: '1', index: 1, ...asset.everyBand }];
    return bands
      .filter(({ commonName }) => commonName?.toLowerCase() === wanted)
      .map((band) => {
        const isUnnamed = band.name === String(band.index);
        const label = isUnnamed ? (bands.length === 1 ? key : `${key} ${band.name}`) : band.name;
        const chosen = describe(asset, key, name, asset.bands === undefined ? null : band, band.index);
        return { isCopy: pictures(asset) > 0, label, chosen };
      });
  });
  const [first] = matches;
  if (first === undefined) return null;
  const labels = new Map(
    matches
      .filter(({ isCopy }) => isCopy === first.isCopy)
      .map(({ label }) => [withoutResolution(label).toLowerCase(), label]),
  );
  if (labels.size === 1) return first.chosen;
  throw invalidInput(
    rowName(row),
    `has ${labels.size} bands with the common name "${name}"`,
    `choose one of ${[...labels.values()].slice(0, 30).join(', ')}`,
  );
}

function describe(
  asset: CatalogAsset,
  key: string,
  choice: BandChoice,
  band: CatalogBand | null,
  index: number | null,
): ChosenBand {
  const name = typeof choice === 'string' ? choice : (band?.name ?? `band ${choice}`);
  const alone = (asset.bands ?? []).length <= 1;
  const names = [name, band?.name ?? name, ...(alone ? [key] : [])];
  const values = band ?? asset.everyBand ?? {};
  const units = values.units ?? asset.units;
  const categorical =
    units === undefined
      ? (asset.roles ?? []).includes('classification') ||
        names.some(isCategoricalName) ||
        (alone && isCategoricalFile(asset.href))
      : isCategorical(units);
  return { choice, name, asset, index, band, values, units, categorical };
}

function keyOf(row: CatalogRow, asset: CatalogAsset): string {
  return Object.entries(row.assets).find(([, candidate]) => candidate === asset)?.[0] ?? '';
}

function pictures(asset: CatalogAsset): number {
  return (asset.roles ?? []).some((role) => PICTURE_ROLES.includes(role)) ? 1 : 0;
}

/** Finer pixels first, unknown pixel sizes last. */
function comparePixels(a: CatalogAsset, b: CatalogAsset): number {
  const [first, second] = [a, b].map(({ geobox }) => geobox?.resolution[0] ?? Number.MAX_VALUE);
  return first - second;
}

/** Names of a row's bands. */
export function bandNames(row: CatalogRow): string[] {
  const names = Object.entries(row.assets).flatMap(([key, { bands = [] }]) =>
    bands.length <= 1 ? [key, ...bands.map(({ name }) => name)] : bands.map(({ name }) => name),
  );
  return [...new Set(names)];
}

/** The stored units of a band, and their conversion. */
export interface BandUnits {
  readonly units: Units;
  readonly conversion: UnitConversion;
}

/**
 * The conversion of a band's units; null without `units`.
 * @throws {TerrachipError} INVALID_INPUT for units that are not declared, that differ between row and caller, or that
 * cannot be converted
 */
export function bandUnits(
  row: CatalogRow,
  { choice, units: own }: ChosenBand,
  { units, sourceUnits }: UnitOptions,
): BandUnits | null {
  if (units === undefined) return null;
  const subject = `${rowName(row)}: band ${show(choice)}`;
  const stated = own ?? sourceUnits;
  if (stated === undefined) {
    throw invalidInput(
      subject,
      `does not say in which units it is, and ${units} is wanted`,
      'declare them as `sourceUnits`',
    );
  }
  if (sourceUnits !== undefined && stated !== sourceUnits) {
    throw invalidInput(
      subject,
      `is in ${stated} by its catalog, but declared as ${sourceUnits}`,
      'leave the declaration out, or correct the catalog',
    );
  }
  return { units: stated, conversion: unitConversion(stated, units, subject) };
}

/**
 * Bands in STAC documents. A value may stand at a band (`bands` of STAC 1.1, `eo:bands` and `raster:bands`
 * before it), at the asset, at the item, or at the collection's `item_assets`; the nearest to the band counts.
 */
import * as v from 'valibot';
import { withoutNulls, withoutUndefined } from '../../json.js';
import { isCategorical, UNITS, type Units } from '../../raster/units.js';
import type { BandValues, CatalogAsset, CatalogBand } from '../row.js';

const NUMBER_TEXT = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i;

/** Numbers that JSON lacks, as STAC writes them. */
export const NOT_FINITE: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity };

/** A number as JSON can hold it. */
export function numberMember(value: number): number | string {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

const NodataText = v.pipe(
  v.string(),
  v.check(
    (text) => NUMBER_TEXT.test(text) || Object.hasOwn(NOT_FINITE, text.toLowerCase()),
    'must be a number',
  ),
);
const Factor = v.nullish(v.number());
const Classes = v.nullish(v.array(v.unknown()));

/** Members that describe values. Extensions before STAC 1.1 write them without a prefix in lists of their own. */
const VALUES = {
  nodata: v.nullish(v.union([v.number(), NodataText])),
  scale: Factor,
  offset: Factor,
  'raster:scale': Factor,
  'raster:offset': Factor,
  unit: v.nullish(v.string()),
  common_name: v.nullish(v.string()),
  'eo:common_name': v.nullish(v.string()),
  'classification:classes': Classes,
  'classification:bitfields': Classes,
  'file:values': Classes,
  'terrachip:units': v.nullish(v.picklist(UNITS)),
};
const Values = v.looseObject(VALUES);
const Band = v.looseObject({ name: v.nullish(v.string()), ...VALUES });
/** Before STAC 1.0, assets name bands of the item by their numbers, from 0. */
const Bands = v.nullish(v.array(v.union([Band, v.pipe(v.number(), v.integer())])));

/** Members of an asset or of an item's properties that describe bands. */
export const BAND_MEMBERS = { ...VALUES, bands: Bands, 'eo:bands': Bands, 'raster:bands': Bands };

/** Metadata of bands in an item's properties; empty if one of these members is invalid. */
export const BandLists = v.fallback(v.looseObject(BAND_MEMBERS), {});
export type BandLists = v.InferOutput<typeof BandLists>;
type Band = v.InferOutput<typeof Band>;

const LISTS = ['bands', 'eo:bands', 'raster:bands'] as const;

/** Metadata of an asset's bands: a list, or values for all of them; units if all have the same. */
type AssetBands = Pick<CatalogAsset, 'bands' | 'everyBand' | 'units'>;

/**
 * The bands of an asset.
 * @param item the metadata of its item for all assets
 */
export function bandsOf(asset: BandLists, item: BandLists): AssetBands {
  // A name is that of one asset.
  const { commonName: _, ...ofItem } = valuesOf(item);
  const shared = sharedValues(valuesOf(asset), ofItem);
  const lists = LISTS.map((name) => (asset[name] ?? []).map((band) => bandAt(band, item[name])));
  const count = Math.max(...lists.map((list) => list.length));
  if (count === 0) {
    const { units, ...everyBand } = shared;
    return withoutUndefined({
      everyBand: Object.keys(everyBand).length === 0 ? undefined : everyBand,
      units,
    });
  }
  const bands = Array.from({ length: count }, (_, k): CatalogBand => {
    const band: Band = Object.assign({}, ...lists.map((list) => withoutNulls(list[k] ?? {})));
    const known = bandNamed(item, band.name);
    const name = band.name ?? String(k + 1);
    return { name, index: k + 1, ...sharedValues({ ...valuesOf(known), ...valuesOf(band) }, shared) };
  });
  const [{ units }] = bands;
  if (units === undefined || bands.some((band) => band.units !== units)) return { bands };
  return { bands: bands.map(({ units: _, ...band }) => band), units };
}

/** The metadata of a band, with what it inherits. Classes do not inherit a scale and offset. */
function sharedValues(own: BandValues, inherited: BandValues): BandValues {
  const { scale, offset, ...rest } = inherited;
  const isClasses = own.units !== undefined && isCategorical(own.units);
  return { ...(isClasses ? rest : inherited), ...own };
}

function bandAt(band: Band | number, ofItem: BandLists['bands']): Band {
  if (typeof band !== 'number') return band;
  const found = ofItem?.[band];
  return typeof found === 'object' ? found : {};
}

/** The item's metadata of a band that its assets only name. */
function bandNamed(item: BandLists, name: string | null | undefined): Band {
  if (name === null || name === undefined) return {};
  const found = LISTS.flatMap((list) => item[list] ?? []).filter(
    (band) => typeof band === 'object' && band.name === name,
  );
  return Object.assign({}, ...found.map((band) => withoutNulls(band as Band)));
}

function valuesOf(members: v.InferOutput<typeof Values>): BandValues {
  const { nodata } = members;
  return withoutUndefined({
    commonName: (members['eo:common_name'] ?? members.common_name) || undefined,
    nodata:
      typeof nodata === 'string'
        ? (NOT_FINITE[nodata.toLowerCase()] ?? Number(nodata))
        : (nodata ?? undefined),
    scale: members['raster:scale'] ?? members.scale ?? undefined,
    offset: members['raster:offset'] ?? members.offset ?? undefined,
    units: unitsOf(members),
  });
}

/** Declared units. A list of the meanings of values declares classes. */
function unitsOf(members: v.InferOutput<typeof Values>): Units | undefined {
  if (members['terrachip:units']) return members['terrachip:units'];
  if (members['classification:bitfields']?.length) return 'bits';
  if (members['classification:classes']?.length || members['file:values']?.length) return 'class';
  const unit = members.unit?.trim() ?? '';
  if (/^(m|met(er|re)s?)$/i.test(unit)) return 'm';
  return /^(dB|decibels?)$/i.test(unit) ? 'dB' : undefined;
}

/**
 * The URLs of RapidAI4EO's images, built from the id of a location, the product and the date, without reading a catalog.
 * The rules are those of the corpus' tutorial
 * (https://radiantearth.blob.core.windows.net/mlhub/rapidai4eo/tutorial/tutorial.html, "Building asset URLs").
 */
import { invalidInput, requireChoice, tooLarge } from '../../errors.js';
import { TimeInterval } from '../../geo/index.js';

/** The URL of the published corpus. */
export const RAPIDAI4EO_ROOT = 'https://radiantearth.blob.core.windows.net/mlhub/rapidai4eo';

/** Planet Fusion surface reflectance (`pfsr`) and its quality mask (`pfqa`), and Sentinel-2 mosaics (`s2`). */
export const RAPIDAI4EO_PRODUCTS = ['pfsr', 'pfqa', 's2'] as const;

/** A product of the corpus. */
export type RapidAi4EoProduct = (typeof RAPIDAI4EO_PRODUCTS)[number];

/** Selects images of a location. */
export interface ImageSelection {
  /** Default: all three. */
  readonly products?: RapidAi4EoProduct | readonly RapidAi4EoProduct[];
  /**
   * Images with a date in this interval, such as `2018-05` or `2018-01-01/2018-06-30`, closed at both ends. The
   * date of a Planet Fusion image is its day at 10:30 UTC; that of a Sentinel-2 mosaic is the last day of its month at
   * 10:30 UTC, as in the tutorial. Default: all.
   */
  readonly temporalFilter?: TimeInterval | string;
  /** The folder or URL of the corpus. Default: the published one. */
  readonly root?: string;
}

/** One image of a location. */
export interface RapidAi4EoImage {
  readonly location: string;
  readonly product: RapidAi4EoProduct;
  /** `2018-05-03`, or `2018-05` for a Sentinel-2 mosaic. */
  readonly date: string;
  readonly href: string;
}

/** Limit on addresses in memory; `eachAsset` yields them one by one. */
const MOST_HREFS = 20_000_000;

const DAY = 86_400_000;

/** Images are dated at 10:30 UTC. */
const TIME_OF_DAY = 10.5 * 3_600_000;

interface ImageDate {
  readonly name: string;
  /** UTC milliseconds. */
  readonly time: number;
}

/** Every five days from 3 January 2018 to 29 December 2019: 73 in each year. */
const FUSION_DATES: readonly ImageDate[] = Array.from({ length: 146 }, (_, k) => {
  const day = Date.UTC(2018, 0, 3) + 5 * k * DAY;
  return { name: new Date(day).toISOString().slice(0, 10), time: day + TIME_OF_DAY };
});

/** The months of 2018, dated by their last day. */
const MOSAIC_DATES: readonly ImageDate[] = Array.from({ length: 12 }, (_, month) => ({
  name: new Date(Date.UTC(2018, month, 1)).toISOString().slice(0, 7),
  time: Date.UTC(2018, month + 1, 0) + TIME_OF_DAY,
}));

/** The folder of a product within that of its location, and its dates. */
const PRODUCTS: Readonly<Record<RapidAi4EoProduct, { folder: string; dates: readonly ImageDate[] }>> = {
  pfsr: { folder: 'PF-SR', dates: FUSION_DATES },
  pfqa: { folder: 'PF-QA', dates: FUSION_DATES },
  s2: { folder: 'S2-SR', dates: MOSAIC_DATES },
};

/** The selected dates of a product. */
export interface SelectedDates {
  readonly product: RapidAi4EoProduct;
  readonly folder: string;
  readonly dates: readonly string[];
}

/** @throws {TerrachipError} INVALID_OPTION for an unknown product, INVALID_INPUT for an invalid time */
export function selectedDates({ products, temporalFilter }: ImageSelection): SelectedDates[] {
  const wanted = products === undefined ? RAPIDAI4EO_PRODUCTS : [products].flat();
  const interval =
    typeof temporalFilter === 'string'
      ? TimeInterval.parse(temporalFilter)
      : (temporalFilter ?? TimeInterval.always);
  return wanted.map((product) => {
    requireChoice('products', product, RAPIDAI4EO_PRODUCTS);
    const { folder, dates } = PRODUCTS[product];
    const kept = dates.filter(({ time }) => interval.contains(time));
    return { product, folder, dates: kept.map(({ name }) => name) };
  });
}

/** The id of a location: UTM zone, tile, and position in the tile, as in `33N_18E-242N_07_03`. */
const LOCATION_ID = /^(?<zone>[A-Za-z0-9-]{1,16})_(?<tile>[A-Za-z0-9-]{1,32})_[A-Za-z0-9_-]{1,64}$/;

/**
 * The folder of a location within those of images and labels.
 * @throws {TerrachipError} INVALID_INPUT for an id that is not one of the corpus
 */
export function locationFolder(id: string): string {
  const { zone, tile } = LOCATION_ID.exec(id)?.groups ?? {};
  if (zone === undefined) {
    throw invalidInput(
      `the location ${JSON.stringify(id.slice(0, 80))}`,
      'is not an id of RapidAI4EO',
      'write it as in 33N_18E-242N_07_03',
    );
  }
  return `${zone}/${tile}`;
}

/** The folder of all images. Addresses in a list for `azcopy` are relative to it. */
export function imageryRoot(root: string = RAPIDAI4EO_ROOT): string {
  return `${root.replace(/\/+$/, '')}/imagery`;
}

/** The URL of the GeoJSON file with the labels of one location. */
export function labelHref(id: string, root: string = RAPIDAI4EO_ROOT): string {
  return `${root.replace(/\/+$/, '')}/labels/${locationFolder(id)}/labels_${id}.geojson`;
}

/**
 * The images of locations: by product, then by location, then by date.
 * @throws {TerrachipError} as `getAssetHrefs`
 */
export function* eachAsset(
  ids: Iterable<string>,
  selection: ImageSelection = {},
): Generator<RapidAi4EoImage, void, undefined> {
  for (const { product, location, base, dates } of foldersOf([...ids], selection)) {
    for (const date of dates) yield { location, product, date, href: `${base}/${date}.tif` };
  }
}

/** The folder of each product in each location. */
function* foldersOf(
  locations: readonly string[],
  selection: ImageSelection,
): Generator<{ product: RapidAi4EoProduct; location: string; base: string; dates: readonly string[] }> {
  const root = imageryRoot(selection.root);
  for (const { product, folder, dates } of selectedDates(selection)) {
    for (const location of locations) {
      yield { product, location, base: `${root}/${locationFolder(location)}/${location}/${folder}`, dates };
    }
  }
}

/** The number of selected images per location. */
export function imagesPerLocation(selection: ImageSelection = {}): number {
  return selectedDates(selection).reduce((sum, { dates }) => sum + dates.length, 0);
}

/**
 * The URLs of the images of locations: by product, then by location, then by date. A location has 146 images of Planet
 * Fusion, as many quality masks, and 12 Sentinel-2 mosaics.
 * @throws {TerrachipError} INVALID_INPUT for an id that is not one of the corpus or an invalid time,
 * INVALID_OPTION for an unknown product, TOO_LARGE above 20 million addresses
 */
export function getAssetHrefs(ids: Iterable<string>, selection: ImageSelection = {}): string[] {
  const locations = [...ids];
  const count = locations.length * imagesPerLocation(selection);
  if (count > MOST_HREFS) {
    throw tooLarge(
      `${locations.length} locations have ${count} images, more than the ${MOST_HREFS} addresses of one list`,
      'choose fewer products or dates, or take them one by one with `eachAsset`',
      { size: count, limit: MOST_HREFS },
    );
  }
  const hrefs: string[] = [];
  for (const { base, dates } of foldersOf(locations, selection)) {
    for (const date of dates) hrefs.push(`${base}/${date}.tif`);
  }
  return hrefs;
}

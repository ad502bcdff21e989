/** The images of RapidAI4EO as a catalog. */
import { type CatalogRow, GeoCatalog } from '../../catalog/index.js';
import { tooLarge } from '../../errors.js';
import { TimeInterval } from '../../geo/index.js';
import { eachAsset, type ImageSelection, imagesPerLocation, type RapidAi4EoImage } from './hrefs.js';

/** Limit on rows in memory. */
const MOST_ROWS = 1_000_000;

const GEOTIFF = 'image/tiff; application=geotiff';

/**
 * A row for each image of locations, such as the result of a query: by product, then by location, then by date. The interval
 * of a Planet Fusion image is its day, that of a Sentinel-2 mosaic its month. Images have the role `data`, quality masks do
 * not. Rows have the properties of their location, whose id is the property `sample_id`.
 * @throws {TerrachipError} as `getAssetHrefs`; TOO_LARGE above a million images
 */
export function imagesOf(locations: GeoCatalog, selection: ImageSelection = {}): GeoCatalog {
  const count = locations.length * imagesPerLocation(selection);
  if (count > MOST_ROWS) {
    throw tooLarge(
      `the catalog would have ${count} images, more than ${MOST_ROWS}`,
      'choose fewer locations, products or dates, or ask for addresses alone',
      { size: count, limit: MOST_ROWS },
    );
  }
  const places = new Map(Array.from(locations, (row) => [row.id, row] as const));
  const intervals = new Map<string, TimeInterval>();
  const rows: CatalogRow[] = [];
  for (const image of eachAsset(places.keys(), selection)) {
    const place = places.get(image.location);
    const interval = intervals.get(image.date) ?? TimeInterval.parse(image.date);
    intervals.set(image.date, interval);
    if (place !== undefined) rows.push(imageRow(place, image, interval));
  }
  return GeoCatalog.from(rows);
}

function imageRow(
  { footprint, properties, collection }: CatalogRow,
  { location, product, date, href }: RapidAi4EoImage,
  interval: TimeInterval,
): CatalogRow {
  const roles = product === 'pfqa' ? [] : ['data'];
  return {
    id: `${location}_${product}_${date}`,
    collection,
    footprint,
    interval,
    href,
    assets: { [product]: { href, mediaType: GEOTIFF, roles } },
    properties: { ...properties, sample_id: location, product },
  };
}

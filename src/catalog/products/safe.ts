/**
 * Products of Sentinel-2 in the SAFE format: what their metadata says (Sentinel-2 Products Specification Document,
 * MTD_MSIL1C.xml or MTD_MSIL2A.xml of the product and MTD_TL.xml of its tile).
 */
import { invalidInput, TerrachipError } from '../../errors.js';
import { Affine, Crs, GeoBox, TimeInterval } from '../../geo/index.js';
import { withoutNulls } from '../../json.js';
import type { Polygon } from '../../vector/index.js';
import { findAll, numberOf, parseXml, textOf, type XmlElement } from '../../xml.js';
import { placeOutline } from '../place.js';
import { type ProductDescription, type ProductFile, SCL_CLOUDS } from './description.js';
import { SENTINEL2_BANDS } from './names.js';
import type { ProductTree } from './tree.js';

const PRODUCT = /^MTD_MSIL(1C|2A)\.xml$/;
const TILE = /^GRANULE\/([^/]+)\/MTD_TL\.xml$/;
const IMAGE = /^GRANULE\/([^/]+)\/IMG_DATA\/(?:R\d+m\/)?[^/]*_(B\d[\dA]|SCL)(?:_(\d+)m)?\.(jp2|tiff?)$/;

/** The metadata of a product has about 60 kB, that of a tile up to 1 MB. */
const MAX_XML_BYTES = 16 * 2 ** 20;

/** Whether files are those of a product of Sentinel-2. */
export function isSentinel2Safe(files: readonly string[]): boolean {
  return files.some((file) => PRODUCT.test(file));
}

/**
 * Reads the metadata of a product.
 * @throws {TerrachipError} INVALID_INPUT for one whose metadata is missing or damaged, UNSUPPORTED for several tiles
 */
export async function readSafe(tree: ProductTree, signal?: AbortSignal): Promise<ProductDescription> {
  const { name } = tree;
  const main = tree.files.find((file) => PRODUCT.test(file));
  if (main === undefined) throw incomplete(name, 'has no MTD_MSIL1C.xml or MTD_MSIL2A.xml');
  const tiles = tree.files.filter((file) => TILE.test(file));
  if (tiles.length === 0) throw incomplete(name, 'has no GRANULE/…/MTD_TL.xml');
  if (tiles.length > 1) {
    throw new TerrachipError(
      'UNSUPPORTED',
      `${name} holds ${tiles.length} tiles, as products from before December 2016 do`,
      'get the product of one tile',
      { feature: 'products of several tiles' },
    );
  }
  const level = PRODUCT.exec(main)?.[1] === '1C' ? 'L1C' : 'L2A';
  const product = parseXml(await tree.read(main, MAX_XML_BYTES, signal), `${name}/${main}`);
  const tile = parseXml(await tree.read(tiles[0], MAX_XML_BYTES, signal), `${name}/${tiles[0]}`);
  const need = (element: XmlElement, path: string, where: string): string => {
    const text = textOf(element, path);
    if (text === null) throw incomplete(`${name}/${where}`, `has no ${path}`);
    return text;
  };
  const crs = Crs.parse(need(tile, 'HORIZONTAL_CS_CODE', tiles[0]));
  const grids = tileGrids(tile, crs, `${name}/${tiles[0]}`);
  const radiometry = readRadiometry(product, level, `${name}/${main}`);
  const granule = TILE.exec(tiles[0])?.[1] ?? '';
  const files = tree.files.flatMap((file): ProductFile[] => {
    const match = IMAGE.exec(file);
    if (match === null || match[1] !== granule) return [];
    return [imageOf(tree, file, match, grids, radiometry)];
  });
  const uri = textOf(product, 'PRODUCT_URI') ?? name;
  const baseline = textOf(product, 'PROCESSING_BASELINE');
  const start = need(product, 'PRODUCT_START_TIME', main);
  const sensed = textOf(product, 'DATATAKE_SENSING_START') ?? start;
  const direction = textOf(product, 'SENSING_ORBIT_DIRECTION')?.toLowerCase();
  const orbit = numberOf(product, 'SENSING_ORBIT_NUMBER');
  const clouds = numberOf(product, 'Cloud_Coverage_Assessment') ?? numberOf(tile, 'CLOUDY_PIXEL_PERCENTAGE');
  const tileName = /_T(\d{2}[A-Z]{3})_/.exec(`${need(tile, 'TILE_ID', tiles[0])}_`)?.[1] ?? null;
  const productType = textOf(product, 'PRODUCT_TYPE') ?? `S2MSI${level.slice(1)}`;
  const platform = textOf(product, 'SPACECRAFT_NAME');
  const generated = textOf(product, 'GENERATION_TIME');
  return {
    attributes: {
      name: uri.replace(/\.SAFE$/, ''),
      path: tree.path,
      constellation: 'Sentinel-2',
      platform,
      sensorType: 'OPTICAL',
      productType,
      acquired: TimeInterval.parse(sensed),
      tile: tileName,
      orbitDirection: direction === 'ascending' || direction === 'descending' ? direction : null,
      relativeOrbit: orbit,
      processingBaseline: baseline,
      generated,
      cloudCover: clouds,
      crs,
      footprint: footprintOf(product, grids, `${name}/${main}`),
    },
    collection: level === 'L1C' ? 'sentinel-2-l1c' : 'sentinel-2-l2a',
    files,
    clouds: files.some((file) => file.name === 'SCL') ? SCL_CLOUDS : null,
    properties: withoutNulls({
      constellation: 'sentinel-2',
      platform: platform?.toLowerCase() ?? null,
      'eo:cloud_cover': clouds,
      'proj:code': crs.toString(),
      'sat:orbit_state': direction ?? null,
      'sat:relative_orbit': orbit,
      's2:product_uri': uri,
      's2:product_type': productType,
      's2:processing_baseline': baseline,
      's2:generation_time': generated,
      'grid:code': tileName === null ? null : `MGRS-${tileName}`,
    }),
  };
}

function incomplete(name: string, problem: string): TerrachipError {
  return invalidInput(name, problem, 'get the whole product again');
}

/** The tile's grid at each pixel size that the metadata names. */
function tileGrids(tile: XmlElement, crs: Crs, name: string): ReadonlyMap<number, GeoBox> {
  const grids = new Map<number, GeoBox>();
  for (const size of findAll(tile, 'Size')) {
    const resolution = Number(size.attributes.resolution);
    const place = findAll(tile, 'Geoposition').find(
      (each) => each.attributes.resolution === size.attributes.resolution,
    );
    const numbers = [
      numberOf(size, 'NCOLS'),
      numberOf(size, 'NROWS'),
      place && numberOf(place, 'ULX'),
      place && numberOf(place, 'ULY'),
      place && numberOf(place, 'XDIM'),
      place && numberOf(place, 'YDIM'),
    ];
    const [width, height, x, y, dx, dy] = numbers.map((value) => value ?? Number.NaN);
    if (!(resolution > 0) || numbers.some((value) => value == null)) {
      throw incomplete(name, 'does not say where its pixels lie');
    }
    grids.set(resolution, new GeoBox(crs, new Affine(dx, 0, x, 0, dy, y), width, height));
  }
  if (grids.size === 0) throw incomplete(name, 'does not say where its pixels lie');
  return grids;
}

interface Radiometry {
  readonly quantification: number;
  /** Added to digital numbers, by `band_id`; 0 where the metadata names none (before baseline 04.00). */
  readonly offsets: ReadonlyMap<number, number>;
  readonly nodata: number;
  readonly saturated: number | null;
}

function readRadiometry(product: XmlElement, level: 'L1C' | 'L2A', name: string): Radiometry {
  const quantification = numberOf(
    product,
    level === 'L1C' ? 'QUANTIFICATION_VALUE' : 'BOA_QUANTIFICATION_VALUE',
  );
  if (quantification === null || quantification <= 0) {
    throw incomplete(name, 'does not say what its digital numbers are (QUANTIFICATION_VALUE)');
  }
  const entries = findAll(product, level === 'L1C' ? 'RADIO_ADD_OFFSET' : 'BOA_ADD_OFFSET');
  const offsets = new Map<number, number>();
  for (const { attributes, text } of entries) {
    const [band, offset] = [Number(attributes.band_id), Number(text)];
    if (!Number.isInteger(band) || text === '' || !Number.isFinite(offset)) {
      throw incomplete(name, 'has an offset of a band that is no number');
    }
    offsets.set(band, offset);
  }
  const special = (wanted: string): number | null => {
    const found = findAll(product, 'Special_Values').find(
      (each) => textOf(each, 'SPECIAL_VALUE_TEXT')?.toUpperCase() === wanted,
    );
    return found === undefined ? null : numberOf(found, 'SPECIAL_VALUE_INDEX');
  };
  return { quantification, offsets, nodata: special('NODATA') ?? 0, saturated: special('SATURATED') };
}

function imageOf(
  tree: ProductTree,
  path: string,
  [, , id, size, extension]: RegExpExecArray,
  grids: ReadonlyMap<number, GeoBox>,
  { quantification, offsets, nodata, saturated }: Radiometry,
): ProductFile {
  const number = SENTINEL2_BANDS.findIndex((band) => band.id === id);
  const band = SENTINEL2_BANDS[number];
  const resolution = size === undefined ? (band?.resolution ?? 20) : Number(size);
  const shared = {
    id,
    key: resolution === (band?.resolution ?? 20) ? id : `${id}_${resolution}m`,
    href: tree.href(path),
    mediaType: extension === 'jp2' ? 'image/jp2' : 'image/tiff; application=geotiff',
    resolution,
    geobox: grids.get(resolution) ?? null,
  };
  if (band === undefined) {
    return { ...shared, name: 'SCL', quantity: 'class', nodata: 0, invalid: [], scale: 1, offset: 0 };
  }
  return {
    ...shared,
    name: band.name,
    quantity: 'reflectance',
    nodata,
    invalid: saturated === null ? [] : [saturated],
    scale: 1 / quantification,
    offset: (offsets.get(number) ?? 0) / quantification,
  };
}

/** The outline of what was seen, pairs of latitude and longitude; without one, the tile's. */
function footprintOf(
  product: XmlElement,
  grids: ReadonlyMap<number, GeoBox>,
  name: string,
): readonly Polygon[] {
  const values = textOf(product, 'EXT_POS_LIST')?.split(/\s+/).map(Number);
  if (values === undefined) {
    const [grid] = grids.values();
    return placeOutline(grid.bounds, grid.crs, name);
  }
  if (values.length < 8 || !values.every(Number.isFinite))
    throw incomplete(name, 'has an outline that is none');
  const ring = Array.from({ length: Math.floor(values.length / 2) }, (_, k): [number, number] => [
    values[2 * k + 1],
    values[2 * k],
  ]);
  const [first] = ring;
  const last = ring[ring.length - 1];
  if (first[0] !== last[0] || first[1] !== last[1]) ring.push(first);
  return placeOutline({ type: 'Polygon', coordinates: [ring] }, Crs.wgs84, name);
}

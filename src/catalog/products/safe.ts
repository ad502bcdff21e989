/**
 * The metadata of Sentinel-2 products in the SAFE format (Sentinel-2 Products Specification Document, versions 13 to
 * 15), with current file names (MTD_MSIL1C.xml, MTD_TL.xml) and the long names before December 2016
 * (S2A_OPER_MTD_SAFL1C_….xml), when a product had many tiles.
 */
import { invalidOption } from '../../errors.js';
import { Affine, Crs, GeoBox, TimeInterval } from '../../geo/index.js';
import { withoutNulls } from '../../json.js';
import type { Polygon } from '../../vector/index.js';
import { cutCrossingPolygons } from '../../vector/to-lon-lat.js';
import { findAll, numberOf, parseXml, textOf, type XmlElement } from '../../xml.js';
import { placeOutline } from '../place.js';
import { condensedName, type ProductDescription, type ProductFile, type ProductTree } from './description.js';
import { SENTINEL2_BANDS } from './names.js';
import { positionsOf, readClouds } from './safe-clouds.js';
import { incomplete, type Radiometry, readRadiometry } from './safe-radiometry.js';

const PRODUCT = /^(?:MTD_MSI|S2[A-D]_[A-Z]{4}_MTD_SAF)(L1C|L2A)(?:_[^/]*)?\.xml$/;
const TILE = /^GRANULE\/([^/]+)\/(?:MTD_TL|S2[A-D]_[A-Z]{4}_MTD_L(?:1C|2A)_TL_[^/]*)\.xml$/;
const IMAGE =
  /^GRANULE\/([^/]+)\/IMG_DATA\/(?:R\d+m\/)?[^/]*_(B\d[\dA]|SCL)(?:_L2A_TL_[^/]*?)?(?:_(\d+)m)?\.(jp2|tiff?)$/;
const TILE_NAME = /_T(\d{2}[A-Z]{3})(?:_|$)/;

/** The metadata of a product is about 60 kB, that of a tile up to 1 MB. */
const MAX_XML_BYTES = 16 * 2 ** 20;

/** The tile of a product in the SAFE format. */
export interface SafeOptions {
  /** The tile to open, `31UFS`, in a product of several tiles (before December 2016). */
  tile?: string;
}

/** Folders of Sentinel-2 products among paths, with a trailing `/`; empty for the top folder. */
export function safeFolders(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const end = path.lastIndexOf('/') + 1;
    return PRODUCT.test(path.slice(end)) ? [path.slice(0, end)] : [];
  });
}

/**
 * Reads the metadata of a product.
 * @throws {TerrachipError} INVALID_INPUT for missing or damaged metadata, INVALID_OPTION if a tile must be chosen
 */
export async function readSafe(
  tree: ProductTree,
  options: SafeOptions = {},
  signal?: AbortSignal,
): Promise<ProductDescription> {
  const { name } = tree;
  const main = tree.files.find((file) => PRODUCT.test(file));
  if (main === undefined) throw incomplete(name, 'has no MTD_MSIL1C.xml or MTD_MSIL2A.xml');
  const tiles = tree.files.filter((file) => TILE.test(file));
  if (tiles.length === 0) throw incomplete(name, 'has no GRANULE/…/MTD_TL.xml');
  const tilePath = chooseTile(tiles, options.tile, name);
  const level = PRODUCT.exec(main)?.[1] === 'L1C' ? 'L1C' : 'L2A';
  const product = parseXml(await tree.read(main, MAX_XML_BYTES, signal), `${name}/${main}`);
  const tile = parseXml(await tree.read(tilePath, MAX_XML_BYTES, signal), `${name}/${tilePath}`);
  const need = (element: XmlElement, path: string, where: string): string => {
    const text = textOf(element, path);
    if (text === null) throw incomplete(`${name}/${where}`, `has no ${path}`);
    return text;
  };
  const crs = Crs.parse(need(tile, 'HORIZONTAL_CS_CODE', tilePath));
  const grids = tileGrids(tile, crs, `${name}/${tilePath}`);
  const baseline = textOf(product, 'PROCESSING_BASELINE');
  const radiometry = readRadiometry(product, level, baseline, `${name}/${main}`);
  const granule = granuleOf(tilePath);
  const files = tree.files.flatMap((file): ProductFile[] => {
    const match = IMAGE.exec(file);
    if (match === null || match[1] !== granule) return [];
    return [imageOf(tree, file, match, grids, radiometry)];
  });
  if (files.length === 0) throw incomplete(name, `has no image of a band in GRANULE/${granule}/IMG_DATA`);
  const uri = textOf(product, 'PRODUCT_URI') ?? textOf(product, 'PRODUCT_URI_2A') ?? name;
  const start = need(product, 'PRODUCT_START_TIME', main);
  const sensed = textOf(product, 'DATATAKE_SENSING_START') ?? start;
  const direction = textOf(product, 'SENSING_ORBIT_DIRECTION')?.toLowerCase();
  const orbit = numberOf(product, 'SENSING_ORBIT_NUMBER');
  // In a product of several tiles, each tile has its own cloud cover.
  const ofTile = numberOf(tile, 'CLOUDY_PIXEL_PERCENTAGE');
  const ofProduct = numberOf(product, 'Cloud_Coverage_Assessment');
  const clouds = tiles.length > 1 ? ofTile : (ofProduct ?? ofTile);
  const tileId = textOf(tile, 'TILE_ID') ?? need(tile, 'TILE_ID_2A', tilePath);
  const tileName = TILE_NAME.exec(tileId)?.[1] ?? null;
  const productType = textOf(product, 'PRODUCT_TYPE') ?? `S2MSI${level.slice(1)}`;
  const platform = textOf(product, 'SPACECRAFT_NAME');
  const generated = textOf(product, 'GENERATION_TIME');
  const ownName = uri.replace(/\.SAFE$/, '');
  const attributes = {
    name: tiles.length > 1 ? `${ownName}_T${tileName ?? ''}` : ownName,
    path: tree.path,
    constellation: 'Sentinel-2',
    platform,
    sensorType: 'OPTICAL',
    productType,
    pixelSize: Math.min(...files.map(({ resolution }) => resolution ?? Infinity)),
    acquired: TimeInterval.parse(sensed),
    tile: tileName,
    orbitDirection: direction === 'ascending' || direction === 'descending' ? direction : null,
    relativeOrbit: orbit,
    processingBaseline: baseline,
    generated,
    cloudCover: clouds,
    crs,
    footprint:
      tiles.length > 1
        ? outlineOf(grids, `${name}/${tilePath}`)
        : footprintOf(product, grids, `${name}/${main}`),
  } as const;
  return {
    attributes: { ...attributes, condensedName: condensedName(attributes, files) },
    collection: level === 'L1C' ? 'sentinel-2-l1c' : 'sentinel-2-l2a',
    files,
    clouds: await readClouds(tree, granule, files, crs, signal),
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

function granuleOf(tilePath: string): string {
  return TILE.exec(tilePath)?.[1] ?? '';
}

/** The metadata file of the requested tile, or of the only one. */
function chooseTile(tiles: readonly string[], wanted: string | undefined, name: string): string {
  if (tiles.length === 1 && wanted === undefined) return tiles[0];
  const names = tiles.map((path) => TILE_NAME.exec(granuleOf(path))?.[1] ?? granuleOf(path));
  const plain = wanted?.toUpperCase().replace(/^T/, '');
  const matches = tiles.filter((_, k) => names[k] === plain);
  if (matches.length === 1) return matches[0];
  const problem = wanted === undefined ? 'is missing' : `cannot be ${wanted}`;
  const content = tiles.length > 1 ? `${name} holds ${tiles.length} tiles` : `${name} holds one tile`;
  throw invalidOption('tile', `${problem}: ${content}`, `choose one of ${names.sort().join(', ')}`);
}

/** The tile's grid at each pixel size in the metadata. */
function tileGrids(tile: XmlElement, crs: Crs, name: string): ReadonlyMap<number, GeoBox> {
  const grids = new Map<number, GeoBox>();
  for (const size of findAll(tile, 'Size')) {
    const resolution = Number(size.attributes.resolution);
    const place = findAll(tile, 'Geoposition').find(
      (each) => each.attributes.resolution === size.attributes.resolution,
    );
    const numbers = [
      ...['NCOLS', 'NROWS'].map((field) => numberOf(size, field)),
      ...['ULX', 'ULY', 'XDIM', 'YDIM'].map((field) => place && numberOf(place, field)),
    ].map((value) => value ?? Number.NaN);
    const [width, height, x, y, dx, dy] = numbers;
    if (!(resolution > 0) || numbers.some(Number.isNaN))
      throw incomplete(name, 'does not declare its pixel grid');
    grids.set(resolution, new GeoBox(crs, new Affine(dx, 0, x, 0, dy, y), width, height));
  }
  if (grids.size === 0) throw incomplete(name, 'does not declare its pixel grid');
  return grids;
}

function imageOf(
  tree: ProductTree,
  path: string,
  [, , id, size, extension]: RegExpExecArray,
  grids: ReadonlyMap<number, GeoBox>,
  { quantification, offsetOf, nodata, saturated }: Radiometry,
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
    offset: offsetOf(number) / quantification,
  };
}

/** The declared footprint, as pairs of latitude and longitude; without one, the tile's outline. */
function footprintOf(
  product: XmlElement,
  grids: ReadonlyMap<number, GeoBox>,
  name: string,
): readonly Polygon[] {
  const text = textOf(product, 'EXT_POS_LIST');
  if (text === null) return outlineOf(grids, name);
  const ring = positionsOf(text)?.map(([latitude, longitude]): [number, number] => [longitude, latitude]);
  if (ring === undefined) throw incomplete(name, 'has an invalid outline');
  const [first] = ring;
  const last = ring[ring.length - 1];
  if (first[0] !== last[0] || first[1] !== last[1]) ring.push(first);
  return cutCrossingPolygons([[ring]], name);
}

function outlineOf(grids: ReadonlyMap<number, GeoBox>, name: string): readonly Polygon[] {
  const [grid] = grids.values();
  return placeOutline(grid.bounds, grid.crs, name);
}

/**
 * Sources of cloud masks in Sentinel-2 products: the scene classification of Level 2A; for Level 1C, MSK_CLASSI (a 60 m
 * image with planes for opaque clouds, cirrus and snow, from baseline 04.00) or MSK_CLOUDS (polygons in GML, before).
 * Level 1C has no shadows.
 */
import { invalidInput } from '../../errors.js';
import type { Crs } from '../../geo/index.js';
import type { Polygon, Position } from '../../vector/index.js';
import { findAll, parseXml, textOf, type XmlElement } from '../../xml.js';
import { type CloudSource, type ProductFile, type ProductTree, SCL_CLOUDS } from './description.js';

const MASK =
  /^GRANULE\/([^/]+)\/QI_DATA\/(?:[^/]*_)?MSK_(CLASSI|CLOUDS)_(?:[^/]*_)?B00(?:_[^/]*)?\.(jp2|gml)$/;

/** Cloud masks of a cloudy tile have a few megabytes. */
const MAX_GML_BYTES = 32 * 2 ** 20;

/** Planes of MSK_CLASSI, from 1. */
const CLASSI_PLANES = { clouds: 1, cirrus: 2 };

export async function readClouds(
  tree: ProductTree,
  granule: string,
  files: readonly ProductFile[],
  crs: Crs,
  signal?: AbortSignal,
): Promise<CloudSource | null> {
  if (files.some((file) => file.name === 'SCL')) return SCL_CLOUDS;
  const bands = files.filter(({ quantity }) => quantity === 'reflectance');
  if (bands.length === 0) return null;
  const valid = bands.reduce((a, b) => ((b.resolution ?? 0) > (a.resolution ?? 0) ? b : a));
  const masks = tree.files.flatMap((path) => {
    const match = MASK.exec(path);
    return match?.[1] === granule ? [{ path, kind: match[2], extension: match[3] }] : [];
  });
  const image = masks.find(({ kind, extension }) => kind === 'CLASSI' && extension === 'jp2');
  if (image !== undefined)
    return { kind: 'planes', id: 'MSK_CLASSI', href: tree.href(image.path), valid, of: CLASSI_PLANES };
  const outlines = masks.find(({ kind, extension }) => kind === 'CLOUDS' && extension === 'gml');
  if (outlines === undefined) return null;
  const name = `${tree.name}/${outlines.path}`;
  const document = parseXml(await tree.read(outlines.path, MAX_GML_BYTES, signal), name);
  checkCrs(document, crs, name);
  const of = {
    clouds: polygonsOf(document, 'OPAQUE', name),
    cirrus: polygonsOf(document, 'CIRRUS', name),
  };
  return { kind: 'polygons', id: 'MSK_CLOUDS', crs, valid, of };
}

/** `urn:ogc:def:crs:EPSG:8.7:32631`; empty masks have no CRS. */
function checkCrs(document: XmlElement, crs: Crs, name: string): void {
  for (const { attributes } of findAll(document, 'Envelope')) {
    const code = /(\d+)$/.exec(attributes.srsName ?? '')?.[1];
    if (code !== undefined && crs.epsg !== null && Number(code) !== crs.epsg)
      throw invalidInput(name, `is in EPSG:${code}, but its tile in ${crs}`, 'get the product again');
  }
}

function polygonsOf(document: XmlElement, type: string, name: string): Polygon[] {
  const features = findAll(document, 'MaskFeature').filter((each) => textOf(each, 'maskType') === type);
  return features.flatMap((feature) =>
    findAll(feature, 'Polygon').map((polygon): Polygon => {
      const outer = findAll(polygon, 'exterior').flatMap((each) => ringsOf(each, name));
      const holes = findAll(polygon, 'interior').flatMap((each) => ringsOf(each, name));
      return [...outer, ...holes];
    }),
  );
}

function ringsOf(element: XmlElement, name: string): Position[][] {
  return findAll(element, 'posList').map(({ attributes, text }) => {
    const ring = positionsOf(text, Number(attributes.srsDimension ?? 2));
    if (ring !== null) return ring;
    throw invalidInput(name, 'has an invalid outline', 'get the product again');
  });
}

/** The positions of a ring, with two or three coordinates each; null for invalid ones or fewer than four. */
export function positionsOf(text: string, dimension = 2): [number, number][] | null {
  const values = text.split(/\s+/).map(Number);
  const length = values.length / dimension;
  const isRing = (dimension === 2 || dimension === 3) && length >= 4 && Number.isInteger(length);
  if (!isRing || !values.every(Number.isFinite)) return null;
  return Array.from({ length }, (_, k) => [values[k * dimension], values[k * dimension + 1]]);
}

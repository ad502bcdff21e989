/** Outlines on the map of a report: of classes, of what a map was compared with, of zones, and of chips. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isTerrachipError, messageOf, type TerrachipError, tooLarge } from '../../errors.js';
import { Crs, createChipLayout, createTransform, type GeoBox, outline } from '../../geo/index.js';
import { isUrl } from '../../io/open-url.js';
import type { AreaFeature, Ring } from '../../vector/features.js';
import { readAreas } from '../../vector/node/index.js';
import { polygonsToLonLat } from '../../vector/to-lon-lat.js';
import { POLYGON_FORMATS } from '../choices.js';
import { isAreasPath, readFloodAreas } from '../flood-areas.js';
import type { MapFolder } from '../map-folder.js';
import type { ReportOutlines } from './document.js';

/** Larger files of outlines are not read, and more positions not drawn: the page would become slow. */
const MOST_BYTES = 50_000_000;
const MOST_POSITIONS = 250_000;

/** Most chips that are drawn. */
const MOST_CHIPS = 4000;

/** Decimals of a degree: a decimetre. */
const DIGITS = 6;

const COLOURS = { map: '#0b3d91', reference: '#c2185b', zones: '#7b4f00', chips: '#5f6b76' } as const;

export interface Outlined {
  readonly outlines: ReportOutlines[];
  /** What was left out, a sentence each. */
  readonly notes: string[];
}

/**
 * @param reference what the map was compared with; null for nothing
 * @param middle longitude of the middle of the page's map, from which outlines are at most 180° away
 */
export async function reportOutlines(
  folder: MapFolder,
  geobox: GeoBox,
  { reference, zones, middle }: { reference: string | null; zones: string | null; middle: number },
  signal?: AbortSignal,
): Promise<Outlined> {
  const outlines: ReportOutlines[] = [];
  const notes: string[] = [];
  const add = async (title: string, colour: string, read: () => Promise<Ring[]>): Promise<void> => {
    try {
      const rings = (await read()).map((ring) => flatRing(ring, middle));
      outlines.push({ title, colour, rings, isVisible: false });
    } catch (error) {
      if (!isTerrachipError(error)) throw error;
      notes.push(`${title} cannot be drawn: ${messageOf(error)}`);
    }
  };
  const polygons = await polygonsOf(folder.path);
  if (polygons !== null) {
    const [background] = folder.classes;
    const isOther = ({ properties }: AreaFeature): boolean =>
      folder.multilabel || properties.class !== background.name;
    await add('Outlines of the map', COLOURS.map, () =>
      readRings(polygons, (path) => readAreas(path, { signal }), isOther),
    );
  }
  if (reference !== null && isAreasPath(reference)) {
    await add('Outlines of the reference', COLOURS.reference, () =>
      readRings(
        reference,
        (path) => readFloodAreas(path, { signal }),
        () => true,
      ),
    );
  } else if (reference !== null) notes.push('The reference is a raster, whose outlines are not drawn.');
  if (zones !== null) {
    await add('Zones', COLOURS.zones, () =>
      readRings(
        zones,
        (path) => readAreas(path, { signal }),
        () => true,
      ),
    );
  }
  const chips = chipRings(folder, geobox);
  if (chips === null) notes.push(`The map has more than ${MOST_CHIPS} chips, which are not drawn.`);
  else
    outlines.push({
      title: 'Chips of the model',
      colour: COLOURS.chips,
      rings: chips.map((ring) => flatRing(ring, middle)),
      isVisible: false,
    });
  return { outlines, notes };
}

/** The polygons of a map; null where none were written. */
async function polygonsOf(folder: string): Promise<string | null> {
  for (const ending of POLYGON_FORMATS) {
    const path = join(folder, `polygons.${ending}`);
    if ((await stat(path).catch(() => null)) !== null) return path;
  }
  return null;
}

/** @throws {TerrachipError} TOO_LARGE for more than the page can draw */
async function readRings(
  path: string,
  read: (path: string) => ReturnType<typeof readAreas>,
  isWanted: (feature: AreaFeature) => boolean,
): Promise<Ring[]> {
  if (!isUrl(path)) {
    const size = (await stat(path).catch(() => null))?.size ?? 0;
    if (size > MOST_BYTES) throw tooMany(path, `${Math.round(size / 1e6)} MB`, { size, limit: MOST_BYTES });
  }
  const { name, crs, features } = await read(path);
  const rings: Ring[] = [];
  let count = 0;
  for (const feature of features) {
    if (!isWanted(feature)) continue;
    for (const ring of polygonsToLonLat(feature.polygons, crs, name).flat()) {
      count += ring.length;
      if (count > MOST_POSITIONS)
        throw tooMany(path, `more than ${MOST_POSITIONS} corners`, { size: count, limit: MOST_POSITIONS });
      rings.push(ring);
    }
  }
  return rings;
}

/** Alternating longitudes and latitudes, at most 180° from a longitude. */
function flatRing(ring: Ring, middle: number): number[] {
  return ring.flatMap(([x, y]) => {
    const turns = Math.abs(middle - x) <= 180 ? 0 : Math.round((middle - x) / 360);
    return [rounded(x + 360 * turns), rounded(y)];
  });
}

function rounded(degrees: number): number {
  return Number(degrees.toFixed(DIGITS));
}

/** Outlines of the chips; null for too many. */
function chipRings({ plan }: MapFolder, { crs, transform, width, height }: GeoBox): Ring[] | null {
  const { size, stride } = plan.chip;
  const { rowStarts, columnStarts } = createChipLayout(width, height, size, stride);
  if (rowStarts.length * columnStarts.length > MOST_CHIPS) return null;
  const { forward } = createTransform(crs, Crs.wgs84);
  return [...rowStarts].flatMap((y) =>
    [...columnStarts].map((x) => {
      const ends = [Math.min(width, x + size), Math.min(height, y + size)] as const;
      const corners = outline([x, y, ...ends], SIDE_POINTS);
      const places = corners.map(([px, py]) => forward(...transform.apply(px, py)));
      return [...places, places[0]];
    }),
  );
}

/** Points along a side of a chip, which projections bend little. */
const SIDE_POINTS = 2;

function tooMany(
  path: string,
  problem: string,
  fields: { size: number; limit: number },
): TerrachipError<'TOO_LARGE'> {
  const remedy = 'make the map with a larger `minArea`, or with `simplify`';
  return tooLarge(`${path} has ${problem}`, remedy, fields);
}

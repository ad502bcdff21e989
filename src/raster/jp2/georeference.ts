/** The georeference of a JPEG 2000 image: its GeoJP2 box (a GeoTIFF of one pixel), or else its GMLJP2 grid. */
import { messageOf } from '../../errors.js';
import { Affine, Crs } from '../../geo/index.js';
import { MemorySource } from '../../io/index.js';
import { findFirst, parseXml, textOf, type XmlElement } from '../../xml.js';
import { readDirectories } from '../geotiff/directory.js';
import { type Georeference, readGeoreference } from '../geotiff/georeference.js';
import type { Jp2Boxes } from './boxes.js';

const NONE: Georeference = { crs: null, transform: null, gcps: null, hasRpc: false, placeProblem: null };

export async function readJp2Georeference(
  name: string,
  { geoTiff, gml }: Pick<Jp2Boxes, 'geoTiff' | 'gml'>,
  signal?: AbortSignal,
): Promise<Georeference> {
  let place = NONE;
  if (geoTiff !== null) {
    try {
      const { directories } = await readDirectories(new MemorySource(geoTiff, name), signal);
      place = await readGeoreference(directories[0]);
    } catch (error) {
      signal?.throwIfAborted();
      place = { ...NONE, placeProblem: `has a GeoJP2 box that cannot be read (${messageOf(error)})` };
    }
  }
  if (place.transform !== null && place.crs !== null) return place;
  for (const document of gml) {
    const grid = gridOf(name, document);
    if (grid !== null && grid.transform !== null) return grid;
    place = { ...place, placeProblem: place.placeProblem ?? grid?.placeProblem ?? null };
  }
  return place;
}

function gridOf(name: string, document: Uint8Array): Georeference | null {
  // Some writers end the text with NUL.
  const length = document.findLastIndex((byte) => byte !== 0) + 1;
  let root: XmlElement;
  try {
    root = parseXml(document.subarray(0, length), name);
  } catch (error) {
    return { ...NONE, placeProblem: `has XML that cannot be read (${messageOf(error)})` };
  }
  const grid = root.name === 'RectifiedGrid' ? root : findFirst(root, 'RectifiedGrid');
  if (grid === null) return null;
  const origin = numbersOf(textOf(grid, 'pos'));
  const vectors = grid.children.filter((child) => child.name === 'offsetVector');
  const [across, down] = vectors.map(({ text }) => numbersOf(text));
  if (origin === null || across == null || down == null) return null;
  const point = findFirst(grid, 'Point');
  const system = point?.attributes.srsName ?? grid.attributes.srsName ?? vectors[0].attributes.srsName ?? '';
  const { crs, problem, axesOfEpsg } = parseSystem(system);
  // In EPSG's axis order latitude comes first, and northing in a few projected CRSs. Our database lacks the axis order, so
  // the vectors decide: with northing first, the vector along a row has its larger part in the second axis.
  const northFirst = axesOfEpsg && (crs?.isGeographic || Math.abs(across[0]) < Math.abs(across[1]));
  const [x, y] = northFirst ? [1, 0] : [0, 1];
  const centre = new Affine(across[x], down[x], origin[x], across[y], down[y], origin[y]);
  if (!centre.toTuple().every(Number.isFinite) || centre.determinant === 0) return null;
  // The origin is the centre of the first pixel.
  const transform = centre.compose(Affine.translation(-0.5, -0.5));
  return { ...NONE, crs, transform, placeProblem: problem };
}

function numbersOf(text: string | null): number[] | null {
  const values = (text ?? '').split(/\s+/).map(Number);
  return values.length >= 2 && values.every(Number.isFinite) ? values : null;
}

/** `urn:ogc:def:crs:EPSG::32631`, with EPSG's axis order, or `EPSG:32631`, with x first. */
function parseSystem(text: string): { crs: Crs | null; problem: string | null; axesOfEpsg: boolean } {
  const axesOfEpsg = /^urn:|\/def\/crs\//i.test(text);
  const match = /EPSG(?::|\/)(?:[\d.]*(?::|\/))?(\d+)$/i.exec(text.trim());
  if (match === null) return { crs: null, problem: `names the unknown system "${text}"`, axesOfEpsg };
  try {
    return { crs: Crs.parse(`EPSG:${match[1]}`), problem: null, axesOfEpsg };
  } catch (error) {
    return { crs: null, problem: `names a system that is not known (${messageOf(error)})`, axesOfEpsg };
  }
}
